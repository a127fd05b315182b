"""When repeated soft bounces count as a hard one. (mission B2)

A message that *ends* undelivered because of its mailbox (full, disabled) counts one. Five in a row, over at least 72 hours,
and the mailbox counts as dead: a person on holiday with a full inbox comes back, an abandoned account does not. A
delivery resets the count. Failures on the route, or because of us, never count: greylisting, DNS, connections, TLS, 421,
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
_MAILBOX_REASONS: Final = frozenset({Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED})


def is_mailbox_reason(reason: str) -> bool:
    """Whether a reason (its word) is about the mailbox itself."""
    return reason in _MAILBOX_REASONS


def counts(outcome: Outcome) -> bool:
    """Whether the last outcome of a delivery that ended undelivered counts against its mailbox."""
    diagnosis: Diagnosis = outcome.diagnosis
    return isinstance(outcome, Bounced | Deferred) and diagnosis.scope is Scope.RECIPIENT and diagnosis.reason in _MAILBOX_REASONS


def is_hard(count: int, first_at: datetime, last_at: datetime, limit: int | None = None) -> bool:
    """True where ``count`` in a row, from the first to the last, are enough. ``limit``: the tenant's own, None for ``LIMIT``."""
    return count >= (limit or LIMIT) and last_at - first_at >= SPAN


RULE: Final = SoftBounceRule(is_mailbox_reason, is_hard)
