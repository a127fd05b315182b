"""How bytes become command lines and messages, so strictly that nothing can be read in two ways.

RFC 5321 section 2.3.8 (lines end in CRLF and nothing else), 4.5.2 (transparency of dots), 4.5.3.1 (lengths).
A bare CR, a bare LF or a NUL is never repaired here: the session of whoever sends one is refused and closed, because
servers that repaired them disagreed about where a message ends (CERT VU#302671, SMTP smuggling).

Both readers work on the conversation's one buffer and come to the same result however the bytes were cut.
They must never know what a command means or who the client is.

Known sharp edges: stuffed dots count towards the size of a message, so one of exactly the limit whose lines begin with
dots is too large; a line that is too long is skipped up to its LF, whatever else stands in it.
"""

from enum import Enum
from typing import Final

END: Final = b"\r\n.\r\n"


class ReadProblem(Enum):
    """Why a reader has neither a line nor a message."""

    MORE = "the rest has not come yet"
    TOO_LONG = "longer than may be; thrown away, and what follows can still be read"
    STRAY = "a bare CR, a bare LF or a NUL: hang up"
    FLOOD = "still coming after twice the size that may be: hang up"
    SKIPPED = "the end of a message that was too large"


class LineReader:
    """Command lines. Holds no more than ``limit`` octets of an unfinished one."""

    __slots__ = ("_too_long",)

    def __init__(self) -> None:
        self._too_long = False

    def read(self, buffer: bytearray, limit: int) -> bytes | ReadProblem:
        """The next line without its CRLF, taken out of ``buffer``; ``limit`` in octets, CRLF included."""
        end = buffer.find(b"\n")
        if end < 0:
            if len(buffer) > limit:
                self._too_long = True
                del buffer[:-1]  # the last octet may be the CR of its CRLF
            return ReadProblem.MORE
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        too_long, self._too_long = self._too_long or end >= limit, False
        if line[-1:] != b"\r":
            return ReadProblem.STRAY
        if too_long:
            return ReadProblem.TOO_LONG
        line = line[:-1]
        return ReadProblem.STRAY if b"\r" in line or b"\0" in line else line


class DataReader:
    """One message after DATA. The buffer it is given begins with the CRLF that ended the DATA command.

    That CRLF makes ``.`` alone on the first line an end like any other. ``limit``: octets of content;
    ``too_large``: there were more.
    """

    __slots__ = ("_checked", "_limit", "_skipped", "too_large")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._checked = 0  # what stands before this index of the buffer is known to be clean
        self.too_large = False
        self._skipped = 0

    def read(self, buffer: bytearray) -> bytes | ReadProblem:
        """The content, dots unstuffed, taken out of ``buffer`` with its end; else why not.

        After TOO_LONG the reader goes on with the same message and returns SKIPPED, STRAY or FLOOD in the end.
        """
        end = buffer.find(END, max(0, self._checked - 2))
        stop = end + 2 if end >= 0 else len(buffer) - _undecided(buffer)
        if self.too_large:
            return self._skip(buffer, end, stop)
        first_over = self._limit + 2
        if stop > first_over:
            return self._overflow(buffer, first_over)
        if _has_stray(buffer, self._checked, stop):
            return ReadProblem.STRAY
        self._checked = stop
        return _content(buffer, end) if end >= 0 else ReadProblem.MORE

    def _overflow(self, buffer: bytearray, first_over: int) -> ReadProblem:
        """The first octet beyond the limit is here: check up to and with it, so the result does not depend on how packets were
        cut.
        """
        stop = first_over if buffer[first_over] == 0x0D else first_over + 1
        if _has_stray(buffer, self._checked, stop):
            return ReadProblem.STRAY
        self._checked = stop
        self.too_large = True
        return ReadProblem.TOO_LONG

    def _skip(self, buffer: bytearray, end: int, stop: int) -> ReadProblem:
        """Discard all but two octets: the CRLF that a dot may follow."""
        if _has_stray(buffer, self._checked, stop):
            return ReadProblem.STRAY
        if self._skipped + stop > 2 * self._limit + 2:
            return ReadProblem.FLOOD
        if end >= 0:
            del buffer[: end + len(END)]
            return ReadProblem.SKIPPED
        gone = max(0, stop - 2)
        del buffer[:gone]
        self._skipped += gone
        self._checked = stop - gone
        return ReadProblem.MORE


def _undecided(buffer: bytearray) -> int:
    """How many octets at the tail mean nothing before more has come: half a CRLF, half an end."""
    if buffer.endswith(b"\r\n.\r"):
        return 2
    return 1 if buffer.endswith((b"\r", b"\r\n.")) else 0


def _has_stray(buffer: bytearray, start: int, stop: int) -> bool:
    """Whether CR or LF stands without the other, or a NUL: every CR and every LF must be half of a pair."""
    pairs = buffer.count(b"\r\n", start, stop)
    if buffer.count(b"\n", start, stop) != pairs or buffer.count(b"\r", start, stop) != pairs:
        return True
    return buffer.find(b"\0", start, stop) >= 0


def _content(buffer: bytearray, end: int) -> bytes:
    with memoryview(buffer) as view:
        stuffed = bytes(view[: end + 2])
    del buffer[: end + len(END)]
    return stuffed.replace(b"\r\n.", b"\r\n")[2:]
