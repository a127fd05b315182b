"""Header fields, written and read. (RFC 5322 sections 2.2 and 3.6, RFC 2047)

Writing: a name and a text become one field on the wire, folded, seven-bit, ending in CRLF. There is no way
to get a second field out of it: whatever could break a line (CR, LF, NUL, VT, FF, FS to RS, NEL, U+2028 …)
is a ``ValueError``, and ``name_fault`` and ``value_fault`` say so beforehand. Reading: RFC 2047 words.

Known sharp edges: a run of more than 998 characters cannot be folded, so it goes out as encoded words even
where a receiver may not decode them. UTF-8 stands raw in one place only: the local part of an address
that has no other form (RFC 6532; such a message needs SMTPUTF8).
"""

import binascii
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from posthouse.mail import charset
from posthouse.model.mailbox import Mailbox

LINE_AIM: Final = 78  # RFC 5322 2.1.1
LINE_LIMIT: Final = 998
_WORD_LINE: Final = 76  # RFC 2047 2
_WORD_BYTES: Final = 39  # 52 characters of base64 and 12 of frame: fits behind "Reply-To: "
_NAME: Final = re.compile(r"[!-9;-~]{1,76}")
_BREAKS: Final = re.compile("[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_RUN: Final = re.compile(r"[ \t]+[^ \t]+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_WORD: Final = re.compile(r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?]*+)\?=")
_LOOKS_ENCODED: Final = re.compile(r"=\?[^?]*+\?[bBqQ]\?")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RESERVED: Final = frozenset(
    ("from", "sender", "to", "cc", "bcc", "date", "return-path", "received", "mime-version", "feedback-id")
)
_RESERVED_FAMILIES: Final = ("dkim-", "arc-", "content-", "x-posthouse-")


def name_fault(name: str) -> str | None:
    """Why this is no field name, or None."""
    return None if _NAME.fullmatch(name) else "must be 1 to 76 printable ASCII characters without space or colon"


def value_fault(value: str) -> str | None:
    """Why this text cannot stand in a header field, or None."""
    if value.isprintable() or not _BREAKS.search(value):
        return None
    return "must be one line of text without control characters"


def is_reserved(name: str) -> bool:
    """Whether a caller may not set this field: it is ours, or made from the request (RFC 5322 3.6, RFC 8601, the contract's
    list).
    """
    lowered = name.lower()
    return lowered in _RESERVED or lowered.startswith(_RESERVED_FAMILIES)


def one_line(text: str) -> str:
    """The text with a space for everything that breaks a line or is invisible."""
    return text if text.isprintable() else _BREAKS.sub(" ", text)


def encode_field(name: str, value: str) -> bytes:
    """One complete unstructured field. Raises ValueError where ``name_fault`` or ``value_fault`` finds something."""
    fault = name_fault(name) or value_fault(value)
    if fault:
        raise ValueError(f"a header field's {'name' if name_fault(name) else 'value'} {fault}")
    value = value.strip(" \t")
    if value.isascii() and not _LOOKS_ENCODED.search(value):
        if len(name) + len(value) + 2 <= LINE_AIM:
            return f"{name}: {value}\r\n".encode() if value else f"{name}:\r\n".encode()
        folded = _fold(f"{name}:", _RUN.findall(" " + value), LINE_AIM)
        if max(map(len, folded)) <= LINE_LIMIT:
            return "\r\n".join([*folded, ""]).encode()
    return "\r\n".join([*_fold(f"{name}:", _words(value), _WORD_LINE), ""]).encode()


def mailbox_field(name: str, mailboxes: Iterable[Mailbox]) -> bytes:
    """An address field, one line each where names are long. ``name`` is one of ours, not a caller's."""
    pieces: list[str] = []
    for mailbox in mailboxes:
        if pieces:
            pieces[-1] += ","
        pieces += _pieces(mailbox)
    line = name + ":" + "".join(pieces)
    if len(line) > LINE_AIM or "=?" in line:
        line = "\r\n".join(_fold(f"{name}:", pieces, _WORD_LINE))
    return (line + "\r\n").encode()


def date_field(moment: datetime) -> bytes:
    """``Date`` in UTC, to the second (RFC 5322 section 3.3); ``moment`` is aware."""
    when = moment.astimezone(UTC)
    day, month = _DAYS[when.weekday()], _MONTHS[when.month - 1]
    return f"Date: {day}, {when.day:02} {month} {when.year} {when:%H:%M:%S} +0000\r\n".encode()


def decode_words(value: str) -> str:
    """The text behind RFC 2047 words, on one line; linear in its length, never raises.

    Lenient where mailers are sloppy: words inside quotes or other text are decoded, and a character
    split between two neighbouring words of one charset is put together again.
    """
    if "=?" not in value:
        return one_line(value)
    out: list[str] = []
    pending: list[bytes] = []
    label, end = "", -1
    for match in _WORD.finditer(value):
        between = value[max(end, 0) : match.start()]
        neighbours = end >= 0 and not between.strip(" \t")  # RFC 2047 6.2: white space between words is not shown
        if not neighbours or match[1].lower() != label:
            out.append(charset.decode(b"".join(pending), label))
            pending.clear()
        if not neighbours:
            out.append(between)
        pending.append(_decode_word(match[2], match[3]))
        label, end = match[1].lower(), match.end()
    out += [charset.decode(b"".join(pending), label), value[max(end, 0) :]]
    return one_line("".join(out))


def _decode_word(encoding: str, text: str) -> bytes:
    data = text.encode()
    if encoding in "qQ":
        return binascii.a2b_qp(data, header=True)
    try:
        return binascii.a2b_base64(data + b"==")
    except binascii.Error:
        return data


def _words(text: str) -> list[str]:
    """The text as encoded words, each preceded by its space; no character is split (RFC 2047 section 5)."""
    data = text.encode()
    words, start, size = [], 0, len(data)
    while start < size:
        end = min(start + _WORD_BYTES, size)
        while end < size and data[end] & 0xC0 == 0x80:  # a continuation byte
            end -= 1
        words.append(f" =?utf-8?b?{binascii.b2a_base64(data[start:end], newline=False).decode()}?=")
        start = end
    return words


def _pieces(mailbox: Mailbox) -> list[str]:
    """A mailbox as foldable pieces, each preceded by its space; what would break a line in a name becomes a space."""
    name = mailbox.name
    if not name:
        return [f" {mailbox.address}"]
    if _PLAIN_NAME.fullmatch(name) and not _LOOKS_ENCODED.search(name):
        return [f" {name}", f" <{mailbox.address}>"]
    name = one_line(name).replace("\t", " ")
    if name.isascii() and not _LOOKS_ENCODED.search(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f' "{escaped}"', f" <{mailbox.address}>"]
    return [*_words(name), f" <{mailbox.address}>"]


def _fold(start: str, pieces: Sequence[str], aim: int) -> list[str]:
    """Lines of at most ``aim`` characters where the pieces allow; each piece brings its leading white space."""
    lines: list[str] = []
    line = start
    for piece in pieces:
        if len(line) + len(piece) > aim and (lines or line is not start or len(piece) <= aim):
            lines.append(line)
            line = piece
        else:
            line += piece
    lines.append(line)
    return lines
