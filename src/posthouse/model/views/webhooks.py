"""Webhook endpoints, and the log of their tries, as the API shows them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class WebhookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint without its secret. ``events`` and ``streams`` empty: all. ``failingSince``: every try since then failed."""

    id: str
    url: str
    events: list[str]
    streams: list[str]
    status: Literal["enabled", "disabled"]
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime


class NewWebhook(WebhookView, frozen=True, kw_only=True, rename="camel"):
    """An endpoint just made. ``secret`` is for a Standard Webhooks library; it is not shown again."""

    secret: str


class WebhookPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of endpoints, newest first."""

    data: list[WebhookView]
    next_cursor: str | None


class TryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One try. ``status`` is what they answered, or ``trouble`` why there was no answer; ``answer`` is its beginning, as text."""

    id: str
    event_id: str
    type: str
    number: int
    at: datetime
    duration_ms: float
    outcome: Literal["delivered", "later", "failed", "gone"]
    status: int | None
    trouble: str | None
    answer: str
    next_at: datetime | None


class TryPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of tries, newest first."""

    data: list[TryView]
    next_cursor: str | None


class Rotated(Struct, frozen=True, kw_only=True, rename="camel"):
    """The new secret, shown this once; until ``overlapUntil`` the one before signs too."""

    id: str
    secret: str
    overlap_until: datetime


class Tested(Struct, frozen=True, kw_only=True, rename="camel"):
    """The event that is being posted; ``…/deliveries?event=`` shows what came back."""

    event_id: str


class Replayed(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many events are told again."""

    queued: int
