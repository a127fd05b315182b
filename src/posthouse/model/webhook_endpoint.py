"""A webhook endpoint: where a tenant's events are posted, how it does, and what became of each try."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_event import EventFacts


class WebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint without its secrets. ``events`` and ``streams`` None: all. ``failing_since``: no try went well since then."""

    id: UUID
    kind: str
    url: str
    events: list[str] | None
    streams: list[str] | None
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None
    failing_since: datetime | None


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be otherwise; None: as it was. An empty list: no filter any more."""

    url: str | None = None
    events: Sequence[str] | None = None
    streams: Sequence[str] | None = None
    enabled: bool | None = None


class WebhookAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try of the log. ``status`` or ``trouble`` says what came back; ``next_at`` when it is tried again, None: it is not."""

    id: UUID
    event: UUID
    type: str
    number: int
    at: datetime
    duration_ms: float
    outcome: str
    status: int | None
    trouble: str | None
    answer: str
    next_at: datetime | None


class EndpointHealth(msgspec.Struct, frozen=True):
    """How an endpoint does: tries in a row that failed, since when, and until when it is left in peace."""

    failures: int = 0
    failing_since: datetime | None = None
    rest_until: datetime | None = None


class WaitingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that waits to be posted to an endpoint. ``facts`` None: it is no longer kept. ``tries``: the attempts so far.

    ``due`` as it was when claimed: a row that has another one by now was replayed meanwhile.
    """

    endpoint: EndpointKey
    thread: UUID
    xid: str
    event: UUID
    tries: int
    due: datetime
    facts: EventFacts | None


class LeasedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as whoever tells it needs it."""

    kind: str
    url: str
    health: EndpointHealth


class WebhookResult(msgspec.Struct, frozen=True, kw_only=True):
    """A try.

    ``over``: told, or not to be kept; else tried again at ``due``, or given up (None). ``outcome`` '': nothing was tried.
    """

    waiting: WaitingEvent
    over: bool
    due: datetime | None
    id: UUID
    at: datetime
    ordered: bool = True
    duration_ms: float = 0.0
    outcome: str = ""
    status: int | None = None
    trouble: str | None = None
    answer: str = ""

    @property
    def number(self) -> int:
        """Which try it was, from 1."""
        return self.waiting.tries + 1


class HealthChange(msgspec.Struct, frozen=True):
    """How an endpoint does after a try; ``why`` it is switched off, '' where it is not."""

    health: EndpointHealth
    why: str = ""
