"""When do soft bounces make an address hard? (mission B2)

A message that *ends* undelivered because of its mailbox (full, disabled) counts one. Five in a row, over at least 72 hours,
and the mailbox is taken for dead: a person on holiday with a full inbox comes back, a forgotten account does not. A
delivery sets the count back. What speaks of the way there, or of us, never counts: greylisting, DNS, connections, TLS, 421,
4.7.x, rate limits, doubt.

Known sharp edges: five soft bounces within an hour are no five in a row over 72 hours, but the next one after that is.

Must never know: where the count is kept.
"""

from datetime import datetime, timedelta
from typing import Final

from posthouse.model.outcome import Bounced, Deferred, Diagnosis, Outcome, Reason, Scope
from posthouse.model.suppression import SoftBounceRule

LIMIT: Final = 5
SPAN: Final = timedelta(hours=72)
_ITS_OWN_FAULT: Final = frozenset({Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED})


def is_mailbox_fault(reason: str) -> bool:
    """True for a reason (its word) that is the mailbox's own."""
    return reason in _ITS_OWN_FAULT


def counts(outcome: Outcome) -> bool:
    """Whether the last outcome of a delivery that ended undelivered counts against its mailbox."""
    said: Diagnosis = outcome.diagnosis
    return isinstance(outcome, Bounced | Deferred) and said.scope is Scope.RECIPIENT and said.reason in _ITS_OWN_FAULT


def is_hard(count: int, first_at: datetime, last_at: datetime, limit: int | None = None) -> bool:
    """True where ``count`` in a row, from the first to the last, are enough. ``limit``: the tenant's own, None for ``LIMIT``."""
    return count >= (limit or LIMIT) and last_at - first_at >= SPAN


RULE: Final = SoftBounceRule(is_mailbox_fault, is_hard)
