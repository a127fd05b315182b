"""The letter of a message: the fields its content was made from, for routes that take fields instead of bytes.

A submitted message came as bytes: its fields are read from the entity that was submitted, here at intake, so that nothing ever
parses the bytes that are sent.

Known sharp edges: a submitted message's signature parts (PGP, S/MIME) are files like others here; a route that takes fields
breaks them, which is for ``policy/deliver/capabilities`` to rule out.
"""

import msgspec

from posthouse.mail.mime.entity import leaves, parse, role
from posthouse.mail.mime.submitted import Submitted, own_fields, read_submitted, reply_to
from posthouse.model.content import Content
from posthouse.model.letter import Attachment, Letter
from posthouse.pipeline.accept.content import own_headers
from posthouse.pipeline.accept.links import CLICKS, OPENS
from posthouse.pipeline.accept.message import AdmittedMessage, LinkedContent


def build_letter(message: AdmittedMessage, links: LinkedContent) -> Letter:
    """The fields of a message, as its content has them."""
    request, admission, parts = message.request, message.admission, message.parts
    letter = Letter(
        header_from=admission.sender,
        to=request.to,
        cc=request.cc,
        reply_to=admission.reply_to,
        subject=parts.subject,
        html=links.html,
        text=parts.text,
        attachments=request.attachments,
        headers=(request.headers or {}) | own_headers(message, b"") | links.headers,
        tags=request.tags,
        metadata=request.metadata or {},
        type=admission.type.name,
        stream=admission.stream,
        track_opens=bool(links.tracking & OPENS),
        track_clicks=bool(links.tracking & CLICKS),
    )
    return letter if parts.content is None else _with_submitted(letter, message, parts.content, links)


def _with_submitted(letter: Letter, message: AdmittedMessage, content: Content, links: LinkedContent) -> Letter:
    """With the fields of the submitted entity: readers see its To and Cc, whoever the envelope names."""
    data = b"\r\n".join((content.head, content.body))
    submitted = read_submitted(data)
    if not isinstance(submitted, Submitted):
        raise TypeError(submitted.message)  # it was read once already, so it can be read again
    text, html = message.request.words
    return msgspec.structs.replace(
        letter,
        to=submitted.to,
        cc=submitted.cc,
        reply_to=reply_to(submitted) or letter.reply_to,
        html=html or None,
        text=text or None,
        attachments=_files(data),
        headers=own_fields(submitted) | own_headers(message, content.head) | links.headers,
    )


def _files(data: bytes) -> tuple[Attachment, ...]:
    """What is attached, with the Content-ID under which HTML shows it."""
    parts = [(leaf, role(leaf)) for leaf in leaves(parse(data))]
    return tuple(Attachment(use.filename, leaf.content, leaf.media, use.content_id) for leaf, use in parts if use.kind == "file")
