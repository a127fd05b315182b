"""One recipient's journey: its states, and which may follow which (the contract's public states)."""

from enum import StrEnum
from typing import Final


class DeliveryState(StrEnum):
    """Public states, in the order in which a message's own status looks for them."""

    QUEUED = "queued"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    FAILED = "failed"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    SENT = "sent"
    DELIVERED = "delivered"


S = DeliveryState
TRANSITIONS: Final[dict[DeliveryState, frozenset[DeliveryState]]] = {
    S.QUEUED: frozenset({S.DEFERRED, S.IN_DOUBT, S.FAILED, S.BOUNCED, S.EXPIRED, S.SUPPRESSED, S.CANCELLED, S.SENT, S.DELIVERED}),
    S.DEFERRED: frozenset({S.IN_DOUBT, S.FAILED, S.BOUNCED, S.EXPIRED, S.SUPPRESSED, S.SENT, S.DELIVERED}),
    S.IN_DOUBT: frozenset({S.QUEUED, S.DEFERRED, S.FAILED, S.BOUNCED, S.EXPIRED, S.SENT, S.DELIVERED}),
    S.FAILED: frozenset({S.QUEUED, S.SENT, S.DELIVERED}),
    S.SENT: frozenset({S.DELIVERED, S.BOUNCED}),
    S.DELIVERED: frozenset({S.BOUNCED}),
    S.BOUNCED: frozenset({S.DELIVERED}),
    S.EXPIRED: frozenset(),
    S.SUPPRESSED: frozenset(),
    S.CANCELLED: frozenset(),
}
IN_QUEUE: Final = frozenset({S.QUEUED, S.DEFERRED})
KEY_FREED: Final = frozenset({S.FAILED, S.EXPIRED, S.CANCELLED, S.BOUNCED})


def message_status(states: list[DeliveryState]) -> DeliveryState:
    """The first state in contract order that any delivery has."""
    present = set(states)
    return next(state for state in DeliveryState if state in present)
