"""The content that is sent: the parts a request brings or a template gave, as MIME with header fields of ours.

Known sharp edges: a submitted message keeps its own structure; only fields are put before its header.
"""

import hashlib
import re
from typing import Final

import msgspec

from posthouse.mail import header
from posthouse.mail.mime import compose
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.send_request import SendRequest
from posthouse.model.template import RenderedTemplate
from posthouse.pipeline.accept.message import AdmittedMessage, LinkedContent, RenderedParts
from posthouse.templates.html.text import text_of

SENDER_ID: Final = "posthouse"
_PACK: Final = msgspec.msgpack.Encoder()
_AUTO_SUBMITTED: Final = re.compile(rb"^auto-submitted[ \t]*:", re.IGNORECASE | re.MULTILINE)


def parts_of_request(request: SendRequest) -> RenderedParts:
    """The parts of a request that has no template."""
    if request.content is not None:
        return RenderedParts(request.subject or "", None, None, content=request.content)
    text = request.text if request.text is not None or request.html is None else text_of(request.html)
    return RenderedParts(request.subject or "", request.html, text)


def digest_of(rendered: RenderedTemplate) -> bytes:
    """SHA-256 of a rendering: what it must be again when it is rendered months later (C3)."""
    return hashlib.sha256(_PACK.encode((rendered.subject, rendered.html, rendered.text))).digest()


def build_content(message: AdmittedMessage, links: LinkedContent) -> Content:
    """The content to be sent, complete but for what the first attempt fixes (Date, Message-ID, signatures)."""
    admission, request, parts = message.admission, message.request, message.parts
    if parts.content is not None:
        content, reply_to = parts.content, _added_reply_to(message)
    else:
        content = compose.compose(
            sender=admission.sender,
            to=request.to,
            cc=request.cc,
            reply_to=admission.reply_to,
            subject=parts.subject,
            text=parts.text,
            html=links.html,
            headers=request.headers or {},
            attachments=request.attachments,
            seed=ids.letters(message.id.int),
        )
        reply_to = b""
    list_fields = b"".join([header.encode_field(name, value) for name, value in links.headers.items()])
    own = "".join([f"{name}: {value}\r\n" for name, value in own_headers(message, content.head).items()])
    head = b"".join((own.encode("ascii", "replace"), reply_to, list_fields, content.head))
    return msgspec.structs.replace(content, head=head, header_from=admission.sender.address)


def own_headers(message: AdmittedMessage, head: bytes) -> dict[str, str]:
    """Feedback-ID (four fields, none of a person), and Auto-Submitted (RFC 3834 section 5) unless ``head`` has its own."""
    admission = message.admission
    headers = {"Feedback-ID": f"{admission.type.name}:{admission.stream}:{message.caller.tenant_ref}:{SENDER_ID}"}
    if admission.type.auto_submitted and _AUTO_SUBMITTED.search(head) is None:
        headers["Auto-Submitted"] = "auto-generated"
    return headers


def _added_reply_to(message: AdmittedMessage) -> bytes:
    """The field for a submitted message that has none."""
    if not message.admission.reply_to or message.request.reply_to:
        return b""
    return header.mailbox_field("Reply-To", message.admission.reply_to)
