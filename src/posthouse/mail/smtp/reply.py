"""Bytes from an SMTP server become replies (RFC 5321 section 4.2, RFC 2034, RFC 3463).

A reply is its code, the enhanced status code if it carries one, and its text. What a code means
is decided in ``policy.deliver.classify``. The reader survives any bytes, in any chunking, with the
same result: what is no reply becomes one ``UnreadableReply``, after which nothing is read any more.

Bounds: 4 KB a line, 128 lines a reply, 1 KB of text kept. A bare LF ends a line too, because some servers
send it and nothing depends on it here.

Known sharp edges: the enhanced code's class is not compared with the reply code; receivers mix them, and
only the reply code binds (RFC 5321 section 4.2.1).
"""

import re
from typing import Final

import msgspec

MAX_LINE: Final = 4096
MAX_LINES: Final = 128
MAX_TEXT: Final = 1024

_ENHANCED: Final = re.compile(r"[#\[(<]?([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_QUEUE_ID: Final = re.compile(
    r"queued as <?([\w.@+=-]+)|\bid=([\w.-]+)|^(?:2\.0\.0 )?ok[:,]? +(?:\d{10} +)?([\w.@-]*\d[\w.@-]*)(?! bytes)\b", re.IGNORECASE
)


class Reply(msgspec.Struct, frozen=True):
    """One reply. ``lines``: the text after each line's code, printable. ``text``: all on one line, at most 1 KB."""

    code: int
    enhanced: str | None
    lines: tuple[str, ...]

    @property
    def kind(self) -> int:
        """The first digit: the only part that binds (RFC 5321 section 4.2.1)."""
        return self.code // 100

    @property
    def text(self) -> str:
        """The text for people."""
        return clip(self.lines[0] if len(self.lines) == 1 else " ".join(self.lines).strip())


class UnreadableReply(msgspec.Struct, frozen=True):
    """Not SMTP: why, in words."""

    text: str


class ReplyReader:
    """Feed it what arrives, in pieces of any size; each reply comes out once, when it is complete."""

    __slots__ = ("_code", "_lines", "_rest", "broken")

    def __init__(self) -> None:
        self._rest = b""
        self._code = -1
        self._lines: list[bytes] = []
        self.broken = False

    @property
    def pending(self) -> bool:
        """Whether the beginning of a reply has come, and not its end."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> list[Reply | UnreadableReply]:
        """The replies that ``data`` completes; an ``UnreadableReply`` is the last one returned."""
        if self.broken:
            return []
        replies: list[Reply | UnreadableReply] = []
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            reply = self._line(line)
            if reply is not None:
                replies.append(reply)
                if type(reply) is UnreadableReply:
                    return replies
        if len(self._rest) >= MAX_LINE:
            replies.append(self._fault("a line longer than 4 KB"))
        return replies

    def _line(self, line: bytes) -> Reply | UnreadableReply | None:
        if len(line) >= MAX_LINE:
            return self._fault("a line longer than 4 KB")
        line = line.removesuffix(b"\r")
        code, mark = line[:3], line[3:4]
        if len(code) < 3 or not code.isdigit() or mark not in (b" ", b"-", b""):
            return self._fault(f"not an SMTP reply: {_printable(line[:80])}")
        number = int(code)
        if self._lines and number != self._code:
            return self._fault(f"one reply with two codes, {self._code} and {number}")
        if mark != b"-":
            return self._finish(number, line[4:])
        self._code = number
        self._lines.append(line[4:])
        return self._fault("a reply of more than 128 lines") if len(self._lines) >= MAX_LINES else None

    def _finish(self, code: int, last: bytes) -> Reply:
        if self._lines:
            lines = tuple(_printable(line) for line in (*self._lines, last))
            self._lines = []
        else:
            lines = (_printable(last),)
        enhanced = _ENHANCED.match(lines[0]) or _ENHANCED.match(lines[-1])
        return Reply(code, enhanced[1] if enhanced else None, lines)

    def _fault(self, text: str) -> UnreadableReply:
        self.broken, self._rest, self._lines = True, b"", []
        return UnreadableReply(text)


def queue_id(text: str) -> str:
    """The peer's own id of the message it accepted (``queued as 4XyZ``, ``OK id=1abc-…``), or empty."""
    match = _QUEUE_ID.search(text)
    return next(filter(None, match.groups()), "") if match else ""


def clip(text: str) -> str:
    """At most 1 KB of UTF-8."""
    if len(text) * 4 <= MAX_TEXT:
        return text
    return text.encode()[:MAX_TEXT].decode(errors="ignore")


def _printable(line: bytes) -> str:
    """Text that may stand in a log, a page and a database: controls, line separators and NUL become spaces."""
    text = line.decode("utf-8", "replace")
    return text if text.isprintable() else "".join([character if character.isprintable() else " " for character in text])
