"""The parts of a returned mail, read from MIME of whatever quality. (RFC 2045, RFC 2046, RFC 3462)

Anybody may have written it, so this reads what it can and never raises; ``mail.mime.entity``, which reads what we are to send on,
refuses more. Bounded in header octets, depth, parts and text, one pass each.

Known sharp edges: boundaries are believed as they stand, so a part that quotes its own boundary ends there; what is beyond the
bounds is not read; a report inside a report is read as one.
"""

import re
from typing import Final

import msgspec

from posthouse.mail import charset
from posthouse.mail.html import replace_tags
from posthouse.mail.mime import encoding, parameter

HEADER_OCTETS: Final = 256 * 1024
MOST_PARTS: Final = 60
DEEPEST: Final = 8
MOST_TEXT: Final = 96 * 1024
RETURNED_MEDIA: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/partial"}
)
_FIELD: Final = re.compile(r"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)
_REFERENCES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&#39;", "'"), ("&amp;", "&"))


class ReportPart(msgspec.Struct, frozen=True):
    """A leaf: its media type in lower case, the first of each of its header fields, and its body as it came."""

    media: str
    header: dict[str, str]
    body: bytes


def parts_of(data: bytes) -> list[ReportPart]:
    """The leaves of a mail with CRLF line ends, and of the messages in it, in order."""
    parts: list[ReportPart] = []
    _collect(data, parts, 0)
    return parts


def header_of(data: bytes) -> dict[str, str]:
    """The header, unfolded, the first of each name, names in lower case."""
    head = data[:HEADER_OCTETS].partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    header: dict[str, str] = {}
    for line in re.sub(r"\r\n[ \t]+", " ", head).split("\r\n"):
        field = _FIELD.match(line)
        if field is not None:
            header.setdefault(field[1].lower(), field[2].strip())
    return header


def fields_text(part: ReportPart) -> str:
    """A part of fields, unfolded."""
    text = _decode(part).decode("utf-8", "replace").replace("\r\n", "\n")
    return re.sub(r"\n[ \t]+", " ", text)[:MOST_TEXT]


def returned_text(part: ReportPart) -> str:
    """A returned mail or its header, as text."""
    return _decode(part).decode("utf-8", "replace").replace("\r\n", "\n")[:MOST_TEXT]


def readable_text(part: ReportPart) -> str:
    """A part for people, as text; HTML without its tags."""
    label = parameter.parse(part.header.get("content-type", ""))[1].get("charset", "utf-8")
    text = charset.decode(_decode(part), label).replace("\r\n", "\n")[: MOST_TEXT * 2]
    if part.media == "text/html" or text.lstrip()[:6].lower() in ("<html>", "<!doct"):
        text = replace_tags(text, " ", "\n")
        for reference, character in _REFERENCES:
            text = text.replace(reference, character)
    return text[:MOST_TEXT]


def _collect(data: bytes, parts: list[ReportPart], depth: int) -> None:
    header = header_of(data)
    body = data.partition(b"\r\n\r\n")[2]
    media, values = parameter.parse(header.get("content-type", ""))
    media = media.partition(" ")[0]  # some forget the semicolon before the first parameter
    if media.startswith("multipart/"):
        boundary = values.get("boundary", "")
        pieces = _split(body, boundary.encode("latin-1", "replace")) if boundary and depth < DEEPEST else []
        for piece in pieces:
            if len(parts) >= MOST_PARTS:
                return
            _collect(piece, parts, depth + 1)
        if pieces:
            return
        media = "text/plain"  # its boundary is not in it: plain text after all
    if media in RETURNED_MEDIA and depth < DEEPEST and b"report-type=" in body[:4096].lower():
        _collect(body, parts, depth + 1)  # a report that somebody forwarded
        return
    parts.append(ReportPart(media or "text/plain", header, body))


def _split(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries; the last piece need not be closed."""
    pieces = []
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1 : MOST_PARTS + 1]:
        if piece.startswith(b"--"):
            break
        line, _, content = piece.partition(b"\r\n")
        pieces.append(content if not line.strip() else piece)
    return pieces


def _decode(part: ReportPart) -> bytes:
    label = part.header.get("content-transfer-encoding", "7bit").strip().lower()
    return encoding.decode(label, part.body[: MOST_TEXT * 4])
