"""What now, after a webhook was answered or not? (W1; the schedule is the contract's, ten tries over three days.)

Pure: what was heard, how often it was tried, since when everything fails. An endpoint that fails is left in peace for a
moment that doubles, so that a backlog does not keep hitting it; the event's own schedule goes on beside that. It is switched off
when it says *gone* (RFC 9110 15.5.11), or when every try of five days failed.

Known sharp edges: *five days* needs a try that fails after them; an endpoint that hears nothing for a week is judged at the next event.
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
LONGEST_WISH: Final = timedelta(hours=24)
LONGEST_REST: Final = timedelta(seconds=30)
_FIRST_REST: Final = timedelta(milliseconds=250)
DISABLED_AFTER: Final = timedelta(days=5)
ORDERED_TRIES: Final = 3  # so often an event that fails alone holds back what follows it


class WebhookAnswer(StrEnum):
    """What an answer (or none) means, whatever the kind of receiver."""

    TOLD = "delivered"
    LATER = "later"
    FAILED = "failed"
    GONE = "gone"


class NextTry(msgspec.Struct, frozen=True, kw_only=True):
    """``due`` None: this event is not tried again. ``disable``: why the endpoint is switched off, '' where it is not."""

    told: bool
    due: datetime | None
    health: EndpointHealth
    disable: str = ""


GONE: Final = "it answered 410 Gone"
FAILING: Final = "every try of five days failed"


def next_step(
    heard: WebhookAnswer, *, tries: int, wish: timedelta | None, health: EndpointHealth, now: datetime, fraction: float
) -> NextTry:
    """After try number ``tries`` (from 1). ``wish``: how long they ask us to wait; ``fraction``: chance in [0, 1)."""
    if heard is WebhookAnswer.TOLD:
        return NextTry(told=True, due=None, health=EndpointHealth())
    since = health.failing_since or now
    failing = EndpointHealth(health.failures + 1, since, now + _rest(health.failures, heard, wish))
    if heard is WebhookAnswer.GONE:
        return NextTry(told=False, due=None, health=failing, disable=GONE)
    disable = FAILING if now - since >= DISABLED_AFTER else ""
    return NextTry(told=False, due=_due(tries, wish, now, fraction), health=failing, disable=disable)


def _due(tries: int, wish: timedelta | None, now: datetime, fraction: float) -> datetime | None:
    if tries > len(WAITS):
        return None
    wait = WAITS[tries - 1] * (1 - JITTER + 2 * JITTER * fraction)
    return now + max(wait, min(wish or timedelta(0), LONGEST_WISH))


def _rest(failures: int, heard: WebhookAnswer, wish: timedelta | None) -> timedelta:
    """How long to leave the endpoint in peace; as long as it asks, where it says that there is too much (429, 503)."""
    rest = min(_FIRST_REST * (1 << min(failures, 10)), LONGEST_REST)
    return max(rest, min(wish or rest, LONGEST_WISH)) if heard is WebhookAnswer.LATER else rest
