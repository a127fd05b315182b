"""A letter: the fields a message was made from. The bytes made from them are ``content``."""

import msgspec

from posthouse.model.mailbox import Mailbox


class Attachment(msgspec.Struct, frozen=True):
    """A file as the caller gave it, decoded."""

    filename: str
    content: bytes
    content_type: str
    content_id: str = ""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor's API takes instead of bytes; every field as it is in the bytes, after rendering and with our links in it.

    ``header_from``: From, with its display name. ``to`` and ``cc``: the recipients that readers see; who receives it is the
    envelope's. ``headers``: all other header fields, the caller's and ours. ``type``: the message type's name.
    """

    header_from: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    subject: str = ""
    html: str | None = None
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()
    headers: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    type: str
    stream: str
    track_opens: bool = False
    track_clicks: bool = False
