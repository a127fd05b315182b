"""What becomes of an event and its endpoint after an attempt to deliver it?

(W1; the schedule is the contract's, ten attempts over three days.) Pure: the answer, how often it was attempted, since when
everything fails. An endpoint that fails is left alone for a moment that doubles, so that a backlog does not keep hitting it;
the event's own schedule goes on beside that. It is disabled when it answers *gone* (RFC 9110 15.5.11), or when every attempt of
five days failed.

Known sharp edges: *five days* needs an attempt that fails after them; an endpoint without an event for a week is judged at the
next one.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from posthouse.model.webhook_endpoint import EndpointHealth

WAITS: Final = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=10), timedelta(hours=24), timedelta(hours=24),
)  # fmt: skip
JITTER: Final = 0.2
LONGEST_RETRY_AFTER: Final = timedelta(hours=24)
LONGEST_REST: Final = timedelta(seconds=30)
_FIRST_REST: Final = timedelta(milliseconds=250)
DISABLED_AFTER: Final = timedelta(days=5)
ORDERED_TRIES: Final = 3  # so many failures of its own an event may hold back those behind it


class WebhookAnswer(StrEnum):
    """What an answer (or none) means, whatever the kind of receiver; the word in logs and metrics."""

    DELIVERED = "delivered"
    LATER = "later"
    FAILED = "failed"
    GONE = "gone"


class DecodedAnswer(msgspec.Struct, frozen=True):
    """An answer as a sink read it. ``retry_after``: how long they ask us to wait, None where they do not."""

    meaning: WebhookAnswer
    retry_after: timedelta | None = None


class NextAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """What follows. ``due`` None: there is no further attempt. ``disable``: why the endpoint is disabled, '' where it is not."""

    delivered: bool
    due: datetime | None
    health: EndpointHealth
    disable: str = ""


GONE: Final = "it answered 410 Gone"
FAILING: Final = "every attempt of five days failed"


def next_attempt(answer: DecodedAnswer, *, attempts: int, health: EndpointHealth, now: datetime, fraction: float) -> NextAttempt:
    """After attempt number ``attempts`` (from 1). ``health``: before it; ``fraction``: chance in [0, 1)."""
    if answer.meaning is WebhookAnswer.DELIVERED:
        return NextAttempt(delivered=True, due=None, health=EndpointHealth())
    since = health.failing_since or now
    failing = EndpointHealth(health.failures + 1, since, now + _rest(health.failures, answer))
    if answer.meaning is WebhookAnswer.GONE:
        return NextAttempt(delivered=False, due=None, health=failing, disable=GONE)
    disable = FAILING if now - since >= DISABLED_AFTER else ""
    return NextAttempt(delivered=False, due=_due(attempts, answer.retry_after, now, fraction), health=failing, disable=disable)


def _due(attempts: int, retry_after: timedelta | None, now: datetime, fraction: float) -> datetime | None:
    if attempts > len(WAITS):
        return None
    wait = WAITS[attempts - 1] * (1 - JITTER + 2 * JITTER * fraction)
    return now + max(wait, min(retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def _rest(failures: int, answer: DecodedAnswer) -> timedelta:
    """How long to leave the endpoint alone; as long as it asks, where it answers that there is too much (429, 503)."""
    rest = min(_FIRST_REST * (1 << min(failures, 10)), LONGEST_REST)
    if answer.meaning is not WebhookAnswer.LATER:
        return rest
    return max(rest, min(answer.retry_after or rest, LONGEST_RETRY_AFTER))
