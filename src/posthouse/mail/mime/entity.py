"""The parts of a message: a bounded MIME parser. (RFC 5322 section 2.2, RFC 2045, RFC 2046 section 5.1)

Bytes become a tree of entities that point into them; nothing is copied until a leaf is read.
Caps come before work: header octets, octets a field, depth, parts, and the octets searched for boundaries,
so time and memory are linear in the input however it is nested.

Where readers would disagree about a structure (a header line that is no field, a multipart without a usable
boundary or itself in base64) it is ``Malformed``, not guessed at. ``message/*`` is a leaf and never entered.

Known sharp edge: a missing last boundary is taken for the end of the enclosing part, as every reader does.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from posthouse.mail import charset
from posthouse.mail.mime import encoding, parameter

HEADER_OCTETS: Final = 256 * 1024
FIELD_OCTETS: Final = 100 * 1024
DEPTH: Final = 50
PARTS: Final = 500
_SEARCHES: Final = 10  # how often, on average, an octet may be searched for boundaries
_SEARCH_FLOOR: Final = 4 * 1024 * 1024
_NEAR_MISSES: Final = 10_000
_TAIL: Final = re.compile(rb"(--)?[ \t]*+(?=\r\n|\Z)")
_NAME: Final = re.compile(rb"[!-9;-~]{1,76}")
_BOUNDARY: Final = re.compile(r"[ -~]{0,199}[!-~]")
_MEDIA: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


class MalformedMessage(Exception):
    """The input is not a message that all readers parse the same way; the text is one sentence for the sender."""


class Field(msgspec.Struct, frozen=True):
    """A header field as written: ``name`` in lower case, ``raw`` with its folds and without the last CRLF."""

    name: str
    raw: bytes

    @property
    def text(self) -> str:
        """The value unfolded, eight-bit octets as UTF-8 or ISO-8859-1, encoded words left alone."""
        value = self.raw[len(self.name) + 1 :].replace(b"\r\n", b"")
        return charset.sniff(value)[0].strip(" \t")


class Entity(msgspec.Struct):
    """A message or a part: its header, its media type, and where its body stands in ``source``."""

    fields: list[Field]
    media: str
    parameters: dict[str, str]
    encoding: str
    source: bytes
    start: int
    end: int
    parts: list["Entity"] = []
    preamble_end: int = 0
    epilogue_start: int = 0

    @property
    def body(self) -> bytes:
        """Everything after the empty line, as it stands."""
        return self.source[self.start : self.end]

    @property
    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        return encoding.decode(self.encoding, self.body)

    @property
    def text(self) -> str:
        """The content as text on LF lines."""
        text = charset.decode(self.content, self.parameters.get("charset", ""))
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def first(self, name: str) -> Field | None:
        """The first field of that lower-case name."""
        return next((field for field in self.fields if field.name == name), None)


class PartRole(msgspec.Struct, frozen=True):
    """The use of a leaf: ``kind`` is text, html or file."""

    kind: str
    filename: str = ""
    content_id: str = ""


def parse(data: bytes) -> Entity:
    """The tree of a message on CRLF lines. Raises MalformedMessage."""
    return _Walk(data).entity(0, len(data), 0, "text/plain")


def leaves(entity: Entity) -> Iterator[Entity]:
    """The parts with content, in order."""
    if not entity.parts:
        yield entity
    for part in entity.parts:
        yield from leaves(part)


def role(leaf: Entity) -> PartRole:
    """Body text, unless its disposition or its name makes it a file."""
    field = leaf.first("content-disposition")
    disposition, parameters = parameter.parse(field.text) if field else ("", {})
    filename = parameters.get("filename") or leaf.parameters.get("name", "")
    identifier = leaf.first("content-id")
    content_id = identifier.text.strip("<> ") if identifier else ""
    if disposition != "attachment" and not filename and leaf.media in ("text/plain", "text/html"):
        return PartRole("html" if leaf.media == "text/html" else "text", content_id=content_id)
    return PartRole("file", filename, content_id)


def fields_of(head: bytes) -> list[Field]:
    """The fields of a header without its empty line. Raises MalformedMessage."""
    fields: list[tuple[str, list[bytes]]] = []
    for line in head.split(b"\r\n") if head else ():
        if line[:1] in (b" ", b"\t"):
            if not fields:
                raise MalformedMessage("The message begins with a continuation line.")
            if line.strip(b" \t"):
                fields[-1][1].append(line)
            continue
        name, colon, _ = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise MalformedMessage("A line of a header is not a header field.")
        fields.append((name.decode().lower(), [line]))
    return [Field(name, _whole(lines)) for name, lines in fields]


def _whole(lines: list[bytes]) -> bytes:
    raw = b"\r\n".join(lines) if len(lines) > 1 else lines[0]
    if len(raw) > FIELD_OCTETS:
        raise MalformedMessage("A header field is longer than 100 KB.")
    return raw


class _Walk:
    """One parse: the source and what is left of its budgets."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.header_octets = HEADER_OCTETS
        self.parts = PARTS
        self.near_misses = _NEAR_MISSES
        self.search_octets = max(_SEARCHES * len(data), _SEARCH_FLOOR)

    def entity(self, start: int, end: int, depth: int, media: str) -> Entity:
        """The entity in ``[start, end)``; ``media`` is the type where none is given."""
        self.parts -= 1
        if self.parts < 0 or depth > DEPTH:
            raise MalformedMessage("The message has too many or too deeply nested parts.")
        head_end, body_start = self._split(start, end)
        fields = fields_of(self.data[start:head_end])
        parameters: dict[str, str] = {}
        transfer = "7bit"
        for field in fields:
            if field.name == "content-type":
                declared, parameters = parameter.parse(field.text)
                media = declared if _MEDIA.fullmatch(declared) else "text/plain"
            elif field.name == "content-transfer-encoding":
                transfer = field.text.lower()
        result = Entity(fields, media, parameters, transfer, self.data, body_start, end)
        if media.startswith("multipart/"):
            self._divide(result, depth)
        return result

    def _split(self, start: int, end: int) -> tuple[int, int]:
        """Where the header ends and where the body begins; charged to the header budget."""
        if self.data.startswith(b"\r\n", start, end):
            return start, start + 2
        limit = min(end, start + self.header_octets + 4)
        head_end = self.data.find(b"\r\n\r\n", start, limit)
        if head_end >= 0:
            body_start = head_end + 4
        else:
            body_start = head_end = end
            if self.data.endswith(b"\r\n", start, end):
                head_end -= 2
        self.header_octets -= head_end - start
        if self.header_octets < 0:
            raise MalformedMessage("The headers are longer than 256 KB.")
        return head_end, body_start

    def _divide(self, entity: Entity, depth: int) -> None:
        """Find the parts of a multipart between its delimiter lines (RFC 2046 section 5.1.1)."""
        boundary = entity.parameters.get("boundary", "")
        if not _BOUNDARY.fullmatch(boundary):
            raise MalformedMessage("A multipart has no usable boundary.")
        if entity.encoding not in ("7bit", "8bit", "binary"):
            raise MalformedMessage("A multipart must not have a transfer encoding of its own.")
        self.search_octets -= entity.end - entity.start
        if self.search_octets < 0:
            raise MalformedMessage("The message has too many or too deeply nested parts.")
        default = "message/rfc822" if entity.media == "multipart/digest" else "text/plain"
        parts, opened = [], -1
        for line_start, line_end, is_last in self._delimiters(boundary, entity):
            if opened < 0:
                entity.preamble_end = line_start + 2
            elif line_start < opened:  # some readers take both for one, the last one too, others see an empty part
                raise MalformedMessage("A boundary of a multipart follows directly on another.")
            else:
                parts.append(self.entity(opened, line_start, depth + 1, default))
            opened = line_end + 2
            if is_last:
                entity.epilogue_start = line_end
                break
        else:
            if 0 <= opened < entity.end:
                parts.append(self.entity(opened, entity.end, depth + 1, default))
            entity.epilogue_start = entity.end
        if not parts:
            raise MalformedMessage("A multipart has no parts between its boundaries.")
        entity.parts = parts

    def _delimiters(self, boundary: str, entity: Entity) -> Iterator[tuple[int, int, bool]]:
        """Delimiter lines: where the CRLF before each stands, where the line ends, and whether it is the last."""
        mark = b"\r\n--" + boundary.encode()
        at = self.data.find(mark, max(entity.start - 2, 0), entity.end)  # from the CRLF of the empty line before the body
        while at >= 0:
            match = _TAIL.match(self.data, at + len(mark), entity.end)
            if match:
                yield at, match.end(), bool(match[1])
            else:
                self.near_misses -= 1
                if self.near_misses < 0:
                    raise MalformedMessage("The message has too many lines that resemble its boundaries.")
            at = self.data.find(mark, match.end() if match else at + 2, entity.end)
