"""Messages, events and the built-in inbox as the API shows them."""

from datetime import datetime

import msgspec

from posthouse.model.webhook_event import WebhookEvent


class EventPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of events, oldest first. ``nextCursor`` is what to give as ``after``; null where there are no more yet."""

    data: list[WebhookEvent]
    next_cursor: str | None


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


class InboxMail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A mail as it would have arrived. ``to`` is the recipient it was delivered to; ``code`` a one-time code found in its
    text.
    """

    id: str
    message_id: str
    type: str
    to: str
    from_: str = msgspec.field(name="from")
    subject: str
    text: str | None
    html: str | None
    links: list[str]
    code: str | None
    headers: list[HeaderView]
    attachments: list[AttachmentView]
    received_at: datetime


class InboxPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of mails, newest first."""

    data: list[InboxMail]
    next_cursor: str | None


class ContentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a message says. ``links`` are those in its text and HTML; attachments are listed by name and size, in bytes."""

    from_: str = msgspec.field(name="from")
    to: list[str]
    subject: str
    text: str | None
    html: str | None
    links: list[str]
    headers: list[HeaderView]
    attachments: list[AttachmentView]
