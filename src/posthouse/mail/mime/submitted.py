"""A submitted message, and what of it goes on the wire. (RFC 6409, RFC 5322, RFC 2045, RFC 5321 section 2.4)

A submitted message keeps its structure and its words; it loses what is not for readers (Bcc, Return-Path,
Received, controls) and what is ours to say (Date, Sender, signatures, Feedback-ID). From is written anew from
what was parsed, so that everybody reads the author that was judged. Leaf parts that are not seven-bit or have
lines beyond 998 are encoded once; signed, encrypted and embedded messages are never touched, eight-bit or not.

Two readers must not see two messages: two From fields, a header line that is none, a structure that can be
read in two ways are faults. Caps and linear time come from ``entity``.

Known sharp edges: NUL is removed and a bare CR or LF becomes CRLF wherever it stands, because some mailers
write them and no receiver should have to guess. A To or Cc that is no address list is kept as text and gives
no addresses: the envelope decides who gets a message.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from posthouse.mail import charset
from posthouse.mail.address import AddressFault, parse_author, parse_list
from posthouse.mail.content_identity import identity
from posthouse.mail.header import LINE_AIM, LINE_LIMIT, decode_words, encode_field, mailbox_field, one_line
from posthouse.mail.mime import encoding, parameter
from posthouse.mail.mime.compose import MESSAGE_ID, body_digest
from posthouse.mail.mime.entity import Entity, Field, MalformedMessage, leaves, parse, role
from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox

_CONTROL_FAMILY: Final = "x-posthouse-"
_METADATA: Final = "x-posthouse-metadata-"
_CONTROLS: Final = frozenset(("idempotency-key", "resend-idempotency-key"))
_DROPPED: Final = frozenset(
    ("bcc", "resent-bcc", "return-path", "received", "date", "sender", "feedback-id", "dkim-signature", "domainkey-signature")
)
_REWRITTEN: Final = frozenset(("from", "to", "cc", "subject", "reply-to", "mime-version"))
_ONCE: Final = frozenset(("from", "content-type", "content-transfer-encoding"))
_FIRST_COUNTS: Final = frozenset(
    ("to", "cc", "subject", "message-id", "reply-to", "in-reply-to", "references", "mime-version", "content-disposition")
)
_ADDRESSES: Final = frozenset(("to", "cc", "reply-to", "resent-from", "resent-to", "resent-cc", "resent-sender"))
_UNTOUCHED: Final = ("multipart/signed", "multipart/encrypted")
_HEADER_NOISE: Final = bytes(32 if (c < 32 and c not in (9, 10, 13)) or c == 127 else c for c in range(256))


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """A submitted message: its fields, the controls in it, and the content that will be sent.

    ``identity``: what it says (``mail.content_identity``), however it was encoded and whatever its Date, Message-ID and
    boundaries. ``words``: its text and its HTML, ``files``: what it attaches. ``controls``: lower-case names, each with its
    values in order; only what follows ``x-posthouse-metadata-`` stands as it was written. ``fields``: the header as it came.
    """

    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    message_id: str
    controls: dict[str, list[str]]
    content: Content
    identity: bytes
    words: tuple[str, str]
    files: tuple[Attachment, ...]
    fields: Sequence[Field]


class SubmittedFault(msgspec.Struct, frozen=True):
    """Why a message was refused: an enhanced status code and one sentence for the sender."""

    code: str
    message: str


def read_submitted(mime: bytes) -> Submitted | SubmittedFault:
    """The message behind a DATA command, dot-stuffing undone."""
    try:
        tree = parse(repaired(mime))
        check_singular(tree.fields)
        return _submitted(tree)
    except MalformedMessage as fault:
        return SubmittedFault("5.6.0", str(fault))


def repaired(mime: bytes) -> bytes:
    """CRLF only, no NUL, and no character in the header that some readers take for a line break."""
    data = encoding.crlf(mime.replace(b"\0", b"") if b"\0" in mime else mime)
    end = data.find(b"\r\n\r\n")
    head = data if end < 0 else data[:end]
    cleaned = head.translate(_HEADER_NOISE)
    return data if cleaned == head else cleaned + data[len(head) :]


def check_singular(fields: Sequence[Field]) -> None:
    """Raise MalformedMessage where a field that decides how a message is read stands twice."""
    names = [field.name for field in fields]
    for name in sorted(_ONCE):
        if names.count(name) > 1:
            raise MalformedMessage(f"The message has more than one {name.title()} field.")


def _submitted(tree: Entity) -> Submitted:
    sender = author_of(tree.first("from"))
    subject = decode_words(field.text) if (field := tree.first("subject")) else ""
    message_id = field.text if (field := tree.first("message-id")) and MESSAGE_ID.fullmatch(field.text) else ""
    fields, body = seven_bit(tree)
    if tree.first("mime-version") is None and any(field.name.startswith("content-") for field in fields):
        fields = [*fields, Field("mime-version", b"MIME-Version: 1.0")]
    head = _head(fields, sender, keep_message_id=bool(message_id))
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    text, html, files = _contents(tree)
    content = Content(head=head, body=body, body_digest=body_digest(body), message_id=message_id, header_from=sender.address)
    return Submitted(
        sender=sender,
        to=_recipients(tree, "to"),
        cc=_recipients(tree, "cc"),
        subject=subject,
        message_id=message_id,
        controls=_controls(tree.fields),
        content=content,
        identity=identity(sender.address, subject, text, html, files),
        words=(text, html),
        files=tuple(files),
        fields=tree.fields,
    )


def author_of(field: Field | None) -> Mailbox:
    """The one mailbox in the one From field."""
    if field is None:
        raise MalformedMessage("The message has no From field.")
    mailbox = parse_author(field.text)
    if isinstance(mailbox, AddressFault):
        raise MalformedMessage(f"The From field {mailbox.message}.")
    return mailbox


def _recipients(tree: Entity, name: str) -> tuple[Mailbox, ...]:
    mailboxes = parse_list(", ".join(field.text for field in tree.fields if field.name == name))
    return () if isinstance(mailboxes, AddressFault) else mailboxes


def _controls(fields: Iterable[Field]) -> dict[str, list[str]]:
    controls: dict[str, list[str]] = {}
    for field in fields:
        name = field.name
        if name.startswith(_METADATA):
            name = _METADATA + field.raw[len(_METADATA) : len(name)].decode()
        if name.startswith(_CONTROL_FAMILY) or name in _CONTROLS:
            controls.setdefault(name, []).append(decode_words(field.text))
    return controls


def _is_left_out(name: str) -> bool:
    """Whether a submitted field is removed: controls, fields that we set, signatures that are broken now."""
    return name in _DROPPED or name in _CONTROLS or name.startswith((_CONTROL_FAMILY, "arc-"))


def own_fields(submitted: Submitted) -> dict[str, str]:
    """Names and decoded values of the fields that would go on the wire as they are, were the message to be written anew.

    Left out is what such a message gets from its envelope, its words and its parts; of one that stands twice the first counts.
    """
    own: dict[str, tuple[str, str]] = {}
    for field in submitted.fields:
        name = field.name
        anew = name in _REWRITTEN or name.startswith(("dkim-", "content-")) or (name == "message-id" and not submitted.message_id)
        if not anew and not _is_left_out(name):
            own.setdefault(name, (field.raw[: len(name)].decode(), decode_words(one_line(field.text))))
    return dict(own.values())


def reply_to(submitted: Submitted) -> tuple[Mailbox, ...]:
    """The Reply-To addresses; () where the field cannot be parsed."""
    for field in submitted.fields:
        if field.name == "reply-to":
            mailboxes = parse_list(one_line(field.text))
            return () if isinstance(mailboxes, AddressFault) else mailboxes
    return ()


def _contents(tree: Entity) -> tuple[str, str, list[Attachment]]:
    """The text, the HTML and the files."""
    texts: dict[str, list[str]] = {"text": [], "html": []}
    files: list[Attachment] = []
    for leaf in leaves(tree):
        use = role(leaf)
        if use.kind != "file":
            texts[use.kind].append(leaf.text)
        elif not leaf.media.endswith("-signature"):  # PGP and S/MIME: another one each time
            files.append(Attachment(use.filename, leaf.content, leaf.media))
    return "\n".join(texts["text"]), "\n".join(texts["html"]), files


def _head(fields: Sequence[Field], sender: Mailbox, *, keep_message_id: bool) -> bytes:
    """The fields that go on the wire, in their order; From is written anew."""
    lines: list[bytes] = []
    seen: set[str] = set() if keep_message_id else {"message-id"}
    for field in fields:
        name = field.name
        if _is_left_out(name) or name in seen:
            continue
        if name in _FIRST_COUNTS:
            seen.add(name)
        lines.append(mailbox_field("From", (sender,)) if name == "from" else clean(_joined(fields, field)))
    return b"".join(lines)


def _joined(fields: Sequence[Field], first: Field) -> Field:
    """To or Cc merged with further fields of that name: PHP's mail() writes one, its callers another."""
    if first.name not in ("to", "cc"):
        return first
    others = [field.raw[len(field.name) + 1 :].strip() for field in fields if field.name == first.name and field is not first]
    return Field(first.name, b",\r\n ".join([first.raw, *filter(None, others)])) if others else first


def clean(field: Field) -> bytes:
    """The field as written where it is valid, else the same text folded and encoded."""
    raw = field.raw
    if raw.isascii() and (len(raw) <= LINE_LIMIT or not encoding.has_long_line(raw, LINE_LIMIT)):
        return raw + b"\r\n"
    name = raw[: len(field.name)].decode()
    if field.name in ("content-type", "content-disposition"):
        value, parameters = parameter.parse(one_line(field.text))
        if value.isascii() and len(value) < LINE_AIM:
            return name.encode() + b": " + parameter.write(value, parameters) + b"\r\n"
    elif field.name in _ADDRESSES and not isinstance(mailboxes := parse_list(one_line(field.text)), AddressFault):
        return mailbox_field(name, mailboxes) if mailboxes else name.encode() + b": undisclosed-recipients:;\r\n"
    return encode_field(name, decode_words(field.text))


def seven_bit(entity: Entity) -> tuple[list[Field], bytes]:
    """Fields and body with every leaf that may be touched on short seven-bit lines."""
    if _is_fit(entity.source, entity.start, entity.end) or entity.media.startswith(("message/", *_UNTOUCHED)):
        return entity.fields, entity.body
    return _multipart(entity) if entity.parts else _leaf(entity)


def _is_fit(data: bytes, start: int, end: int) -> bool:
    body = data[start:end]
    return body.isascii() and not encoding.has_long_line(body, LINE_LIMIT)


def _multipart(entity: Entity) -> tuple[list[Field], bytes]:
    """The same parts between the same boundaries; a preamble or epilogue that is not fit for the wire is left out."""
    line = b"--" + entity.parameters["boundary"].encode()
    pieces: list[bytes] = []
    if _is_fit(entity.source, entity.start, entity.preamble_end):
        pieces.append(entity.source[entity.start : entity.preamble_end])
    for part in entity.parts:
        fields, body = seven_bit(part)
        pieces += (line, b"\r\n", *map(clean, fields), b"\r\n", body, b"\r\n")
    pieces += (line, b"--")
    epilogue = entity.source[entity.epilogue_start : entity.end]
    pieces.append(epilogue if epilogue and _is_fit(epilogue, 0, len(epilogue)) else b"\r\n")
    body = b"".join(pieces)
    label = "7bit" if body.isascii() else "8bit"
    return _labelled(entity, None, label), body


def _leaf(entity: Entity) -> tuple[list[Field], bytes]:
    """A leaf in another transfer encoding; text without a true charset label gets one."""
    data = entity.content
    if not entity.media.startswith("text/"):
        return _labelled(entity, None, "base64"), encoding.encode_base64(data)
    parameters = None
    if not data.isascii() and entity.parameters.get("charset", "us-ascii").lower() in ("us-ascii", "ascii"):
        parameters = entity.parameters | {"charset": charset.sniff(data)[1]}
    label, body = encoding.encode_text(encoding.crlf(data))
    return _labelled(entity, parameters, label), body


def _labelled(entity: Entity, parameters: dict[str, str] | None, transfer: str) -> list[Field]:
    """The fields with a new transfer encoding and, where ``parameters`` are given, a new Content-Type."""
    new = {"content-transfer-encoding": b"Content-Transfer-Encoding: " + transfer.encode()}
    if parameters is not None:
        new["content-type"] = b"Content-Type: " + parameter.write(entity.media, parameters)
    fields = [Field(field.name, new.pop(field.name, field.raw)) for field in entity.fields]
    return fields + [Field(name, raw) for name, raw in new.items()]
