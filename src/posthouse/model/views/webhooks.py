"""Webhook endpoints, and the log of attempts, as the API and the command line show them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class WebhookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An endpoint without its secret. ``events`` and ``streams`` empty: all. ``failingSince``: every attempt since then
    failed.
    """

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
    """One attempt. ``status`` is that of the response, or ``trouble`` why there was none; ``answer`` is its beginning, as
    text.
    """

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
    """A page of attempts, newest first."""

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
    """How many events are posted again."""

    queued: int
