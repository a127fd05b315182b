"""What a message says, and the content that is made of it: the parts a request brings or a template gave, as MIME with our marks.

Known sharp edges: a submitted message keeps its own structure; only fields are put before its header.
"""

import hashlib
import re
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.mail import header
from posthouse.mail.mime import compose
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.send_request import Caller, SendRequest
from posthouse.model.template import RenderedTemplate, TemplateVersion
from posthouse.policy.accept.admit import Admission
from posthouse.templates.html.text import text_of

SENDER_ID: Final = "posthouse"
_PACK: Final = msgspec.msgpack.Encoder()
_AUTO_SUBMITTED: Final = re.compile(rb"^auto-submitted[ \t]*:", re.IGNORECASE | re.MULTILINE)


class RenderedParts(msgspec.Struct, frozen=True):
    """What is said: a submitted message's content, or parts to compose.

    ``template``: the version that made them, from ``variables`` (the caller's, and the brand); ``digest``: of what was rendered.
    """

    subject: str
    html: str | None
    text: str | None
    content: Content | None = None
    template: TemplateVersion | None = None
    locale: str | None = None
    variables: dict[str, Any] | None = None
    digest: bytes = b""


def parts_of_request(request: SendRequest) -> RenderedParts:
    """What the request says itself."""
    if request.content is not None:
        return RenderedParts(request.subject or "", None, None, content=request.content)
    text = request.text if request.text is not None or request.html is None else text_of(request.html)
    return RenderedParts(request.subject or "", request.html, text)


def digest_of(rendered: RenderedTemplate) -> bytes:
    """SHA-256 of a rendering: what it must be again when it is rendered months later (C3)."""
    return hashlib.sha256(_PACK.encode((rendered.subject, rendered.html, rendered.text))).digest()


def build_content(
    request: SendRequest, admission: Admission, worded: RenderedParts, caller: Caller, new: UUID, links: bytes
) -> Content:
    """The content to be sent; ``links``: header fields of ours that go before it."""
    if worded.content is not None:
        content, extra = worded.content, _filled_reply_to(request, admission)
    else:
        content = compose.compose(
            sender=admission.sender, to=request.to, cc=request.cc, reply_to=admission.reply_to, subject=worded.subject,
            text=worded.text, html=worded.html, headers=request.headers or {}, attachments=request.attachments,
            seed=ids.letters(new.int),
        )  # fmt: skip
        extra = b""
    head = b"".join((_marks(admission, caller, content.head), extra, links, content.head))
    return msgspec.structs.replace(content, head=head, header_from=admission.sender.address)


def _filled_reply_to(request: SendRequest, admission: Admission) -> bytes:
    if not admission.reply_to or request.reply_to:
        return b""
    return header.mailbox_field("Reply-To", admission.reply_to)


def _marks(admission: Admission, caller: Caller, head: bytes) -> bytes:
    """Feedback-ID (four fields, none of a person), and Auto-Submitted (RFC 3834 section 5) where robots should not answer."""
    marks = f"Feedback-ID: {admission.type.name}:{admission.stream}:{caller.tenant_ref}:{SENDER_ID}\r\n".encode(
        "ascii", "replace"
    )
    if admission.type.auto_submitted and _AUTO_SUBMITTED.search(head) is None:
        marks += b"Auto-Submitted: auto-generated\r\n"
    return marks
