"""One recipient's journey: its states, and which may follow which (the contract's public states).

``TRANSITIONS`` is the one table. Whatever settles a delivery or changes it by feedback goes through ``check_transition``; a test
compares the statements that write a state with the table, and another the drawing in ARCHITECTURE.md.

No column holds a state: it is the newest event of the delivery whose type is one of ``STATE_EVENTS``.
"""

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
    S.IN_DOUBT: frozenset({S.QUEUED, S.DEFERRED, S.FAILED, S.BOUNCED, S.EXPIRED, S.SUPPRESSED, S.SENT, S.DELIVERED}),
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


STATE_EVENTS: Final = tuple(f"message.{state.value}" for state in DeliveryState)
KEY_FREED_EVENTS: Final = tuple(f"message.{state.value}" for state in DeliveryState if state in KEY_FREED)


class IllegalTransition(Exception):
    """A change of state that the table does not have."""

    def __init__(self, before: DeliveryState, after: DeliveryState) -> None:
        super().__init__(f"a delivery that is {before.value} cannot become {after.value}")
        self.before = before
        self.after = after


def check_transition(before: DeliveryState, after: DeliveryState) -> None:
    """Errors: IllegalTransition, where ``after`` may not follow ``before``."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(before, after)


def message_status(states: list[DeliveryState]) -> DeliveryState:
    """The first state in contract order that any delivery has."""
    present = set(states)
    return next(state for state in DeliveryState if state in present)
