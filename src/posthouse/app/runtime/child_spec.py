"""What a child process is given by the supervisor, over its standard input, and how its life is tied to its parent.

Imports next to nothing: confined children (``app.runtime.confined``) load it too.
"""

import contextlib
import os
import signal
import sys

import msgspec


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Which child this is. ``dsn``: the cell it works for. ``ready``: the descriptor that it writes to when it works.

    ``sockets``: inherited listening sockets by name (http, smtp, smtps, inbound). ``beside``: a predecessor still answers.
    """

    role: str
    name: str
    dsn: str
    secret_keys: tuple[str, ...]
    sockets: dict[str, int]
    ready: int
    metrics: str
    public_url: str
    parent: int
    lanes: tuple[int, ...] = ()
    beside: bool = False


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent dies (prctl(2) PR_SET_PDEATHSIG); end now if it is dead already."""
    import ctypes  # noqa: PLC0415 - only children need it

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)
