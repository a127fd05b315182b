"""The parts of a mail that both the inbox and ``/content`` show, as JSON."""

import msgspec

from posthouse.mail.mime.readable import Readable


class HeaderView(msgspec.Struct, frozen=True):
    """A header field, unfolded and decoded."""

    name: str
    value: str


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file in a mail; ``size`` in bytes, decoded."""

    filename: str
    content_type: str
    size: int
    content_id: str | None


def headers(seen: Readable) -> list[HeaderView]:
    """The header, in order."""
    return [HeaderView(name, value) for name, value in seen.headers]


def attachments(seen: Readable) -> list[AttachmentView]:
    """The files, in order."""
    return [
        AttachmentView(filename=file.filename, content_type=file.content_type, size=file.size, content_id=file.content_id or None)
        for file in seen.attachments
    ]
