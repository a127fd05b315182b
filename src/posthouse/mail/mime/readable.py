"""A message as a person reads it, for the built-in inbox and the content page. (RFC 5322, RFC 2045 to 2047)

Reads anything and never raises: what is no MIME message is shown as text. Linear and bounded like ``entity``,
whose tree it reads. Links and a code are picked out for tests that wait for a mail and act on it.

Known sharp edge: ``code`` is a guess, made from a number beside a word for code or alone on its line; it is
None rather than a year or an order number.
"""

import re
from typing import Final, NamedTuple

import msgspec

from posthouse.mail.address import AddressFault, parse_list
from posthouse.mail.header import decode_words
from posthouse.mail.html import links, replace_tags
from posthouse.mail.mime import encoding
from posthouse.mail.mime.entity import HEADER_OCTETS, Entity, Field, MalformedMessage, fields_of, leaves, parse, role

TEXT_LIMIT: Final = 2 * 1024 * 1024
LINKS_LIMIT: Final = 500
CODE_WITHIN: Final = 20_000
_URL: Final = re.compile(r"""https?://[^\s<>"'`]{1,8000}""", re.IGNORECASE)
_CODE_WORD: Final = r"(?i:\b(?:code|kode|kod|pin|otp|passcode|c[oó]digo|codice)\b)"
_VALUE: Final = (
    r"\b([0-9]{3}[ -][0-9]{3}|(?=[A-Z]{0,6}-?[A-Z]{0,6}[0-9])[A-Z0-9]{1,6}-[A-Z0-9]{3,6}|(?=[A-Z]{0,9}[0-9])[A-Z0-9]{4,10})\b"
)
_AFTER_WORD: Final = re.compile(rf"{_CODE_WORD}[^\d\n]{{0,40}}?\s{{0,10}}{_VALUE}")
_BEFORE_WORD: Final = re.compile(rf"{_VALUE} {{1,3}}(?i:is|ist|est|es|è)\b[^\n]{{0,60}}?{_CODE_WORD}")
_ALONE: Final = re.compile(rf"^[ \t]{{0,40}}{_VALUE}[ \t]{{0,40}}$", re.MULTILINE)


class ReadAttachment(NamedTuple):
    """A file in a message; ``size`` in octets, decoded."""

    filename: str
    content_type: str
    size: int
    content_id: str = ""


class ReadHeader(NamedTuple):
    """A header field, unfolded, encoded words decoded."""

    name: str
    value: str


class Readable(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader sees. ``to``: addresses; ``links``: http and https, in order, each once."""

    headers: list[ReadHeader]
    subject: str = ""
    from_: str = ""
    to: list[str] = []
    text: str | None = None
    html: str | None = None
    attachments: list[ReadAttachment] = []
    links: list[str] = []
    code: str | None = None


def read(data: bytes) -> Readable:
    """The message in ``data``, of whatever quality."""
    data = encoding.crlf(data)
    try:
        return _readable(parse(data))
    except MalformedMessage:
        return _readable(_unparsed(data))


def _unparsed(data: bytes) -> Entity:
    """What parse refused, as one text under the header, if there is one."""
    head, _, body = data.partition(b"\r\n\r\n")
    try:
        fields = fields_of(head[:HEADER_OCTETS])
    except MalformedMessage:
        fields, body = [], data
    plain = [field for field in fields if not field.name.startswith("content-")]
    return Entity(plain, "text/plain", {}, "7bit", body, 0, len(body))


def _readable(tree: Entity) -> Readable:
    text: str | None = None
    html: str | None = None
    attachments: list[ReadAttachment] = []
    for leaf in leaves(tree):
        use = role(leaf)
        if use.kind == "text" and text is None:
            text = leaf.text[:TEXT_LIMIT]
        elif use.kind == "html" and html is None:
            html = leaf.text[:TEXT_LIMIT]
        else:
            attachments.append(ReadAttachment(use.filename, leaf.media, len(leaf.content), use.content_id))
    subject = _value(tree.first("subject"))
    return Readable(
        headers=[ReadHeader(_name(field), decode_words(field.text)) for field in tree.fields],
        subject=subject,
        from_=_value(tree.first("from")),
        to=_addresses(tree.first("to")),
        text=text,
        html=html,
        attachments=attachments,
        links=_links(text or "", html or ""),
        code=_code(subject, text if text is not None else replace_tags(html or "", "\n", "\n")),
    )


def _name(field: Field) -> str:
    return field.raw[: len(field.name)].decode()


def _value(field: Field | None) -> str:
    return decode_words(field.text) if field else ""


def _addresses(field: Field | None) -> list[str]:
    if field is None:
        return []
    parsed = parse_list(field.text)
    return [decode_words(field.text)] if isinstance(parsed, AddressFault) else [mailbox.address for mailbox in parsed]


def _links(text: str, html: str) -> list[str]:
    addresses = [link.href.strip() for link in links(html) if link.element == "a"]
    addresses += [match[0].rstrip(".,;:!?)]}") for match in _URL.finditer(text)]
    return list(dict.fromkeys(link for link in addresses if link.lower().startswith(("http://", "https://"))))[:LINKS_LIMIT]


def _code(subject: str, text: str) -> str | None:
    """The one-time code, as a person would type it."""
    body = f"{subject}\n{_URL.sub(' ', text[:CODE_WITHIN])}"
    match = _BEFORE_WORD.search(body) or _AFTER_WORD.search(body)
    if match is None and re.search(_CODE_WORD, body):
        match = _ALONE.search(body)
    return match[1].replace(" ", "") if match else None
