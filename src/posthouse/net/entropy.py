"""The only source of randomness: the operating system's.

It is read in blocks, because each call to the kernel costs more than what is done with the bytes. No byte is handed out
twice, and a forked child starts with an empty block, so it never repeats its parent's.
"""

import os
from datetime import datetime
from typing import Final
from uuid import UUID

from posthouse.model import ids

_RANDOM_BITS: Final = 74
_BLOCK: Final = 4096


class Entropy:
    """Random bytes, fractions and time-ordered ids."""

    __slots__ = ("_at", "_block", "_ms", "_pid", "_random")

    def __init__(self) -> None:
        self._ms = 0
        self._random = 0
        self._block, self._at, self._pid = b"", 0, os.getpid()

    def bytes(self, count: int) -> bytes:
        """``count`` bytes, good enough for keys."""
        if count > _BLOCK:
            return os.urandom(count)
        at = self._at
        if at + count > len(self._block) or self._pid != os.getpid():
            self._block, at, self._pid = os.urandom(_BLOCK), 0, os.getpid()
        self._at = at + count
        return self._block[at : at + count]

    def fraction(self) -> float:
        """Evenly from 0 (included) to 1 (excluded), 53 bits."""
        return (int.from_bytes(self.bytes(7), "big") >> 3) * 2.0**-53

    def new_id(self, now: datetime) -> UUID:
        """A UUIDv7, greater than every one this process made before (RFC 9562 section 6.2, method 2)."""
        ms = int(now.timestamp() * 1000)
        if ms > self._ms:
            self._ms = ms
            self._random = int.from_bytes(
                self.bytes(9), "big"
            )  # 72 of 74 bits leave room to count upwards within the millisecond
        else:
            self._random += 1 + int.from_bytes(self.bytes(4), "big")
            if self._random >> _RANDOM_BITS:
                self._ms, self._random = self._ms + 1, int.from_bytes(self.bytes(9), "big")
        return ids.new(self._ms, self._random)
