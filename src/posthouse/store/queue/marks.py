"""What may have left: a worker's marks, outside its process.

A mark is made just before a body with its final dot is written. A reply changes it at once: acceptance stays marked
until it is settled, a refusal clears the mark. The file is mapped shared, so its pages belong to the kernel: they outlive a
killed worker, and whoever finds the worker dead reads which deliveries are in doubt. Everything unmarked is queued again at once.

The pages do not outlive the machine. The header therefore names the boot, and a file of another boot
(or a lost file) says nothing: then every leased delivery of that worker is in doubt.

The worker locks the file for as long as it lives; whoever can lock it knows that the worker is dead,
without looking at process ids that may have been reused.

Revoking settles the race with a worker that is stopped, not dead: the revoker sets the flag and then
reads the marks, the worker makes its mark and then reads the flag. Whatever the order, one of the two sees the other, so a body
never leaves without a mark that the revoker has read.

Known sharp edges: the order of the two stores above rests on the processes being scheduled apart
(a stopped process) or on x86/ARM ordering through the interpreter's own locks; a file system that does not
share maps between processes (some network mounts) makes marks useless, so they live beside the data directory.
"""

import fcntl
import mmap
import os
import struct
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from posthouse.model.queue import AttemptKey
from posthouse.model.worker import Mark

MAGIC: Final = b"PHMARKS1"
_HEADER: Final = 128
_BOOT: Final = slice(16, 80)
_REVOKED: Final = 8
_SLOT: Final = struct.Struct(">B16sHH11x")
SLOTS: Final = 4096


def boot_id() -> str:
    """This boot of this machine; marks of another say nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return os.uname().nodename


class Marks:
    """The worker's side: one writer. Creates the file; ``path``'s folder must exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "r+b")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file.truncate(_HEADER + SLOTS * _SLOT.size)
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._map[_BOOT] = boot_id().encode()[:64].ljust(64, b"\0")
        self._map[: len(MAGIC)] = MAGIC
        self._free = list(range(SLOTS - 1, -1, -1))

    def make(self, attempt: AttemptKey) -> int | None:
        """Mark; the slot to clear later, or None where the lease was revoked (nothing may leave)."""
        slot = self._free.pop()
        at = _HEADER + slot * _SLOT.size
        # The mark's own byte last: a slot whose first byte is zero is empty, so a half-written one is never read.
        _SLOT.pack_into(self._map, at, 0, attempt.message.bytes, attempt.position, attempt.number)
        self._map[at] = Mark.MAY_HAVE_LEFT
        if self._map[_REVOKED]:
            self.clear(slot)
            return None
        return slot

    def record_acceptance(self, slot: int, mark: Mark) -> None:
        """The next hop accepted it; what is left is to settle that."""
        self._map[_HEADER + slot * _SLOT.size] = mark

    def clear(self, slot: int) -> None:
        """The delivery is settled (or never left)."""
        self._map[_HEADER + slot * _SLOT.size] = 0
        self._free.append(slot)

    @property
    def revoked(self) -> bool:
        """True once this worker's leases were taken away."""
        return bool(self._map[_REVOKED])

    def close(self) -> None:
        """Unmap and remove the file: a worker that ended in order left nothing in doubt."""
        self._map.close()
        self._file.close()
        self.path.unlink(missing_ok=True)


class FoundMarks:
    """The reader's side: what a dead, stopped or vanished worker left.

    ``marked`` None: nothing is known, so everything that the worker had leased is in doubt.
    """

    def __init__(self, marked: dict[AttemptKey, Mark] | None) -> None:
        self._marked = marked

    @classmethod
    def revoke(cls, path: Path) -> Self:
        """Forbid the worker any further body, then read what may have left."""
        try:
            with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as view:
                if view[: len(MAGIC)] != MAGIC or view[_BOOT].rstrip(b"\0").decode() != boot_id():
                    return cls(None)
                view[_REVOKED] = 1
                return cls(_read(view))
        except (OSError, ValueError):
            return cls(None)

    @staticmethod
    def orphaned(path: Path) -> bool:
        """Whether the worker of this file has ended: a living one, even a stopped one, holds its lock."""
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def mark(self, attempt: AttemptKey) -> Mark | None:
        """What is known of an attempt; None: nothing of it left."""
        return Mark.MAY_HAVE_LEFT if self._marked is None else self._marked.get(attempt)


def _read(view: mmap.mmap) -> dict[AttemptKey, Mark]:
    slots = (_SLOT.unpack_from(view, at) for at in range(_HEADER, len(view), _SLOT.size) if view[at])
    return {AttemptKey(UUID(bytes=message), position, number): Mark(mark) for mark, message, position, number in slots}


def discard(path: Path) -> None:
    """Remove a file whose worker is no more."""
    path.unlink(missing_ok=True)
