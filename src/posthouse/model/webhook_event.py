"""An event as everybody outside is told it: the same JSON for ``GET /v1/events`` and for webhooks (contract, "Webhooks out")."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.model import ids

PREFIX: Final = "evt"


class WebhookEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as webhooks post it. ``data`` holds messageId, recipient, reason, reply and the like where they apply."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


class EventFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an event: its own, and what its message says of itself. ``sequence`` counts a message's events from 1."""

    id: UUID
    type: str
    at: datetime
    message: UUID | None = None
    recipient: str | None = None
    message_type: str | None = None
    stream: str | None = None
    dedupe_key: str | None = None
    tags: list[str] | None = None
    metadata: dict[str, str] | None = None
    data: dict[str, Any] | None = None
    sequence: int = 0


def public_event(event: EventFacts, environment: str) -> WebhookEvent:
    """The event with what applies to it; what is unknown or empty is left out."""
    about = {
        "messageId": event.message and ids.text("msg", event.message),
        "recipient": event.recipient,
        "messageType": event.message_type,
        "stream": event.stream,
        "environment": environment,
        "dedupeKey": event.dedupe_key,
        "tags": event.tags,
        "metadata": event.metadata,
        "sequence": event.sequence or None,
        **(event.data or {}),
    }
    present = {name: value for name, value in about.items() if value not in (None, [], {})}
    return WebhookEvent(id=ids.text(PREFIX, event.id), type=event.type, timestamp=event.at, data=present)
