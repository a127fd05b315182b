"""A message composed as bytes. (RFC 5322, RFC 2045 to 2047, RFC 2183, RFC 2387)

``compose`` makes the content once, at intake: fields in a fixed order and a body, CRLF only, seven-bit, short
lines. ``finish`` adds what is known only at the first attempt. Both are deterministic: the boundary comes from
a seed. HTML is always multipart/alternative with text; images with a Content-ID sit beside the HTML in
multipart/related, other files in multipart/mixed around all of it.

Known sharp edges: an attachment of type ``message/*`` or ``multipart/*`` goes out as application/octet-stream,
because RFC 2046 forbids base64 for those. Reserved names in ``headers`` are left out here and refused by policy.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2s, sha256
from typing import Final

from posthouse.mail.address import AddressFault, parse_list
from posthouse.mail.header import date_field, encode_field, is_reserved, mailbox_field, one_line
from posthouse.mail.mime import parameter
from posthouse.mail.mime.encoding import LONG_LINE, SHORT_LINE, encode_base64, encode_text, relaxed_body, wire_text
from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox

MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
_WORD: Final = r"[A-Za-z0-9!#$&^_.+-]+"
_CONTENT_TYPE: Final = re.compile(
    rf'{_WORD}/{_WORD}(?:; ?{_WORD}=(?:{_WORD}|"[ !#-\[\]-~]{{0,200}}")){{0,10}}',
)
_NOT_IN_ID: Final = re.compile(r"[^!-;=?-~]")
_NO_RECIPIENTS: Final = b"To: undisclosed-recipients:;\r\n"

Part = tuple[bytes, bytes]  # Content-* fields, each ending in CRLF, and the encoded body


def compose(
    *,
    sender: Mailbox,
    to: Sequence[Mailbox],
    cc: Sequence[Mailbox],
    reply_to: Sequence[Mailbox],
    subject: str,
    text: str | None,
    html: str | None,
    headers: Mapping[str, str],
    attachments: Sequence[Attachment],
    seed: str,
) -> Content:
    """The content of one message.

    ``seed`` makes the boundaries and must differ between messages. Raises ValueError where a header or the
    subject could not be one field (ask ``value_fault`` before); bodies and attachments never raise.
    """
    message_id, extra = _caller_fields(headers, has_reply_to=bool(reply_to))
    fields, body = _body(text, html, attachments, seed)
    head = [
        mailbox_field("From", (sender,)),
        mailbox_field("To", to) if to else b"" if cc else _NO_RECIPIENTS,
        mailbox_field("Cc", cc) if cc else b"",
        mailbox_field("Reply-To", reply_to) if reply_to else b"",
        encode_field("Subject", subject),
        extra,
        b"MIME-Version: 1.0\r\n",
        fields,
    ]
    return Content(
        head=b"".join(head), body=body, body_digest=body_digest(body), message_id=message_id, header_from=sender.address
    )


def body_digest(body: bytes) -> bytes:
    """SHA-256 of the body under *relaxed* canonicalization (RFC 6376 section 3.4.4); ``body`` is on CRLF lines."""
    return sha256(relaxed_body(body)).digest()


def finish(content: Content, *, date: datetime, message_id: str, extra: bytes) -> bytes:
    """The head completed, without the empty line after it.

    ``message_id`` (with or without its brackets) is used where the caller brought none, ``date`` where the content has none.
    ``extra``: complete fields, each ending in CRLF.
    """
    identity = b""
    if not content.message_id:
        identity = f"Message-ID: <{message_id.strip('<>')}>\r\n".encode()
    return b"".join((b"" if content.dated else date_field(date), identity, extra, content.head))


def _caller_fields(headers: Mapping[str, str], *, has_reply_to: bool) -> tuple[str, bytes]:
    """The caller's Message-ID, or '', and the caller's fields; each singular field once."""
    message_id, fields, seen = "", [], {"subject"}
    if has_reply_to:
        seen.add("reply-to")
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in seen or is_reserved(name):
            continue
        if lowered == "message-id":
            message_id = f"<{value.strip(' <>')}>"
            if not MESSAGE_ID.fullmatch(message_id):
                message_id = ""
                continue
            fields.append(f"Message-ID: {message_id}\r\n".encode())
        elif lowered == "reply-to" and not isinstance(mailboxes := parse_list(value), AddressFault):
            fields.append(mailbox_field("Reply-To", mailboxes))
        else:
            fields.append(encode_field(name, value))
        seen.add(lowered)
    return message_id, b"".join(fields)


def _body(text: str | None, html: str | None, attachments: Sequence[Attachment], seed: str) -> Part:
    """The tree of parts: mixed(alternative(text, related(html, images)), files), each level only where needed."""
    stem = "=_" + blake2s(seed.encode("utf-8", "replace"), digest_size=12).hexdigest()
    if html is None:
        images: list[Attachment] = []
        part = _text("plain", text or "")
    else:
        images = [file for file in attachments if file.content_id]
        part = _text("html", html)
        if images:
            part = _multipart('related; type="text/html"', [part, *map(_file, images)], stem + "r")
        part = _multipart("alternative", [_text("plain", text or ""), part], stem + "a")
    files = [file for file in attachments if file not in images] if images else attachments
    return _multipart("mixed", [part, *map(_file, files)], stem + "m") if files else part


def _text(kind: str, text: str) -> Part:
    # RFC 5322 2.1.1 asks for short lines so that they can be read as they are; nobody reads HTML so.
    encoding, body = encode_text(wire_text(text), LONG_LINE if kind == "html" else SHORT_LINE)
    fields = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return fields.encode(), body


def _multipart(kind: str, parts: Sequence[Part], boundary: str) -> Part:
    """``boundary`` begins with ``=_``, which neither base64 nor quoted-printable can contain (RFC 2045 section 6.7)."""
    line = f"--{boundary}".encode()
    pieces: list[bytes] = []
    for fields, body in parts:
        pieces += (line, b"\r\n", fields, b"\r\n", body, b"\r\n")
    pieces += (line, b"--\r\n")
    fields = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'.encode()
    return fields, b"".join(pieces)


def _file(file: Attachment) -> Part:
    media = file.content_type.strip()
    if not _CONTENT_TYPE.fullmatch(media) or media.lower().startswith(("multipart/", "message/")):
        media = "application/octet-stream"
    name = one_line(file.filename).strip()
    disposition = parameter.write("inline" if file.content_id else "attachment", {"filename": name} if name else {})
    fields = [
        f"Content-Type: {media}\r\n".encode(),
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: ",
        disposition,
        b"\r\n",
    ]
    if file.content_id:
        fields.append(f"Content-ID: <{_NOT_IN_ID.sub('_', file.content_id.strip('<> '))[:200]}>\r\n".encode())
    return b"".join(fields), encode_base64(file.content)
