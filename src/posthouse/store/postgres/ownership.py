"""Who owns a data directory: one process at a time, by ``flock``.

The kernel lets go of the lock when its owner ends, however it ends, so there is no stale one. The file's text
names the owner for people; it is never a reason to signal anybody.

Known sharp edges: ``flock`` does not reach across machines on some network file systems.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from posthouse.store.postgres.refusal import StoreRefusal


class DirectoryUnusable(StoreRefusal):
    """The directory cannot be made, written or locked."""


class DirectoryInUse(StoreRefusal):
    """Another process owns the directory; ``pid`` is its number as it wrote it, 0 if it did not."""

    def __init__(self, folder: Path, pid: int) -> None:
        super().__init__(f"{folder} is in use by another Posthouse process (pid {pid or 'unknown'}).")
        self.pid = pid


class Ownership:
    """A directory that is ours until ``release`` or the end of this process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, folder: Path, name: str = "lock") -> Self:
        """Make the folder (0700) if it is missing, and own it. Errors: DirectoryInUse, DirectoryUnusable."""
        descriptor = _open(folder, name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise DirectoryInUse(folder, int(text) if text.isdigit() else 0) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the directory up; a second call does nothing. The file stays: removing it would let two processes own it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _open(folder: Path, name: str) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise DirectoryUnusable(f"The data directory {folder} cannot be used: {problem.strerror}.") from problem
