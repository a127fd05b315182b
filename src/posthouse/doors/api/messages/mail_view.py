"""The parts of a parsed mail that both the inbox and ``/content`` show, as JSON."""

from posthouse.mail.mime.readable import Readable
from posthouse.model.views.messages import AttachmentView, HeaderView


def header_views(mail: Readable) -> list[HeaderView]:
    """The header fields, in order."""
    return [HeaderView(name, value) for name, value in mail.headers]


def attachment_views(mail: Readable) -> list[AttachmentView]:
    """The files, in order."""
    return [
        AttachmentView(filename=file.filename, content_type=file.content_type, size=file.size, content_id=file.content_id or None)
        for file in mail.attachments
    ]
