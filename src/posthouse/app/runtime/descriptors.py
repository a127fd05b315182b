"""Which open files a process of ours keeps: those that it was given, and no others.

A process inherits what its parent left inheritable: the lock of a ``flock``, the sockets of a supervisor. The standard event loop
closes such descriptors in the processes that it starts; uvloop (0.21 to 0.23) hands them on. Without this, confined children
would hold listening sockets, and refuse to work because their few descriptors are taken.

Known sharp edges: a lock that was inherited is held for as long as the descriptor is open, so ``serve`` keeps what it inherited
and only does not hand it on.
"""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

_STANDARD: Final = frozenset({0, 1, 2})
_FOLDER: Final = Path("/proc/self/fd" if Path("/proc/self/fd").exists() else "/dev/fd")


def keep_to_ourselves() -> None:
    """Mark every descriptor but the standard three close-on-exec (fcntl(2) FD_CLOEXEC): no child inherits it by accident."""
    for descriptor in _open_descriptors():
        with contextlib.suppress(OSError):
            os.set_inheritable(descriptor, False)


def close_all_but(kept: Collection[int]) -> None:
    """Close every descriptor but the standard three and ``kept``, which are no longer inheritable from now on."""
    for descriptor in _open_descriptors():
        with contextlib.suppress(OSError):
            if descriptor in kept:
                os.set_inheritable(descriptor, False)
            else:
                os.close(descriptor)


def _open_descriptors() -> list[int]:
    """Those above the standard three; the one that lists them is closed by then."""
    return [number for number in map(int, os.listdir(_FOLDER)) if number not in _STANDARD]  # noqa: PTH208 - names are enough
