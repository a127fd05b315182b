"""A message and all that happened to it, as people and programs see it: the JSON of ``GET /v1/messages/{id}``.

Names and nesting are the contract's. Times are aware; whoever writes the JSON gives them in UTC with milliseconds.
"""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

_OLDEST_TRIGGER: Final = timedelta(hours=24)


class TemplateView(msgspec.Struct, frozen=True, rename="camel"):
    """Which template a message was made from."""

    name: str
    version: int | None
    locale: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One try over one route. ``outcome``: delivered, deferred, bounced, refused, in_doubt."""

    number: int
    route: str
    adapter: str
    remote_id: str | None
    outcome: str
    reply_code: int | None
    enhanced_code: str | None
    reply: str | None
    tls: str | None
    started_at: datetime
    duration_ms: float


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One recipient's journey. ``latency_seconds``: from the triggering event to acceptance by the next hop."""

    recipient: str
    status: str
    reason: str | None
    latency_seconds: float | None
    next_attempt_at: datetime | None
    attempts: tuple[AttemptView, ...]


class EventView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event. ``recipient`` None: it is about the message as a whole."""

    id: str
    type: str
    at: datetime
    recipient: str | None
    data: dict[str, Any]


class MessageView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The whole timeline. ``subject`` None: no longer kept."""

    id: str
    type: str
    stream: str
    subject: str | None
    from_: str = msgspec.field(name="from")
    status: str
    created_at: datetime
    occurred_at: datetime | None
    deliver_by: datetime | None
    expires_at: datetime
    dedupe_key: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str]
    template: TemplateView | None
    deliveries: tuple[DeliveryView, ...]
    events: tuple[EventView, ...]


class MessagePage(msgspec.Struct, frozen=True, rename="camel"):
    """A page of messages, newest first; ``next_cursor`` None: there are no more."""

    data: tuple[MessageView, ...]
    next_cursor: str | None


def cursor(last: UUID) -> str:
    """An id as the opaque cursor of a page."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_cursor(text: str) -> UUID | None:
    """The id behind a cursor, None where the text is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(text + "==") if len(text) == 22 and text.isascii() else b""
    except (binascii.Error, ValueError):
        return None
    return UUID(bytes=raw) if len(raw) == 16 else None


def measured_from(created_at: datetime, occurred_at: datetime | None, send_at: datetime | None) -> datetime:
    """Where latency begins: the triggering event if it is believable (T1), else acceptance; never before a scheduled time."""
    believable = occurred_at is not None and timedelta(0) <= created_at - occurred_at <= _OLDEST_TRIGGER
    began = occurred_at if occurred_at is not None and believable else created_at
    return began if send_at is None else max(began, send_at)
