"""A fact told to others: one per change of a delivery's state (contract, webhooks out)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class EventType(StrEnum):
    """The contract's closed list for messages, and the alerts of this house."""

    QUEUED = "message.queued"
    SENT = "message.sent"
    DELIVERED = "message.delivered"
    DEFERRED = "message.deferred"
    BOUNCED = "message.bounced"
    COMPLAINED = "message.complained"
    OPENED = "message.opened"
    CLICKED = "message.clicked"
    UNSUBSCRIBED = "message.unsubscribed"
    REPLIED = "message.replied"
    AUTO_REPLIED = "message.auto_replied"
    DELAYED = "message.delayed"
    SUPPRESSED = "message.suppressed"
    EXPIRED = "message.expired"
    FAILED = "message.failed"
    IN_DOUBT = "message.in_doubt"
    CANCELLED = "message.cancelled"
    ALERT_DELIVERY_FAILED = "alert.delivery_failed"
    ALERT_MAIL_WAITS = "alert.mail_waits"
    ALERT_WEBHOOK_DISABLED = "alert.webhook_disabled"
    ALERT_WEBHOOKS_BEHIND = "alert.webhooks_behind"
    ALERT_SUPPRESSION_BRAKE = "alert.suppression_brake"
    ALERT_SUPPRESSION_GROWTH = "alert.suppression_growth"
    ALERT_SUPPRESSION_LOCKOUT = "alert.suppression_lockout"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a delivery, or an alert. ``data`` holds reason, reply and the like; the envelope fields of the webhook are
    filled by the sink.
    """

    id: UUID
    tenant: int
    environment: int
    type: EventType
    at: datetime
    message: UUID | None = None
    recipient: str | None = None
    data: dict[str, Any] | None = None
