"""What now: an outcome, its type's schedule and the clock give the next step (T1, T5, D5).

Two schedules. *Our* side of a route failing (``Refused``) is no attempt: three quick retries (1, 2, 4 s), then the
next route at once, and after the last the first again, at the pace of the type's waits; operations are alerted each
time that a round ends with nothing sent. *Their* side saying later (``Deferred``) takes the type's next wait, the last of
which repeats until the delivery expires. What follows ``InDoubt`` is the type's to decide: once more, or never.

Waits vary by a fifth either way, so that what failed together does not return together; a wait that the
receiver requested (greylisting, Retry-After) is never cut short, only spread beyond.

Known sharp edges:

- Expiry. A wait that would end after the expiry is cut so that one last try is made five seconds before it.
  Where even that is not allowed (they requested longer, or it is too near), nothing can follow, and the delivery
  expires now rather than at the appointed time: whoever waits for it learns it sooner, and its key is free again.
- A delivery that was in doubt never *expires*: its first copy may have arrived, so it ends in doubt and keeps its key.
- ``refusals`` counts all of them in a row, over all routes: four to a route. If the number of routes changes while
  a delivery waits, a round is longer or shorter once; nothing else depends on it.
- A 421 on connect is no attempt: the schedule stands still, the delivery waits half its next wait, at least 5 s.

Must never know: reply codes (``classify`` read them), the store, the clock.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from posthouse.model.delivery import DeliveryState
from posthouse.model.message_type import InDoubtRule, MessageType
from posthouse.model.outcome import Bounced, Deferred, Delivered, InDoubt, Outcome, Reason, Refused

QUICK_RETRIES: Final = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=4))
GREYLISTING: Final = timedelta(seconds=60)
NO_ATTEMPT: Final = timedelta(seconds=5)
ONCE_MORE: Final = timedelta(seconds=10)
LAST_CHANCE: Final = timedelta(seconds=5)
SPREAD: Final = 0.2
_PER_ROUTE: Final = len(QUICK_RETRIES) + 1


class RetryStep(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery.

    ``final``: it leaves the queue. Otherwise it is tried again at ``due``, or at once where that is None, on ``route``.
    ``state`` QUEUED is no change: the state that it had still holds. ``tries`` and ``refusals`` are stored with the delivery.
    ``exhausted``: operations are alerted, because it ended undelivered or every route refused a whole round.
    """

    state: DeliveryState
    due: datetime | None
    route: int
    tries: int
    refusals: int
    final: bool
    exhausted: bool = False


class DeliveryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a delivery after an attempt over ``route`` (from 0, of ``routes``).

    ``tries``: attempts that counted before this one; ``refusals``: in a row before this one;
    ``in_doubt_before``: an earlier attempt may have left; ``jitter``: chance, in [0, 1).
    """

    type: MessageType
    tries: int
    refusals: int
    route: int
    routes: int
    in_doubt_before: bool
    now: datetime
    expires_at: datetime
    jitter: float


def next_step(outcome: Outcome, facts: DeliveryFacts) -> RetryStep:
    """The next step of a delivery whose attempt came to ``outcome``."""
    match outcome:
        case Delivered():
            return _settled(facts, DeliveryState.DELIVERED if outcome.final else DeliveryState.SENT)
        case Bounced():
            return _settled(facts, DeliveryState.BOUNCED)
        case InDoubt():
            return _in_doubt(facts)
        case Deferred():
            return _deferred(facts, outcome)
        case Refused():
            return _refused(facts)


def expire(*, tries: int, refusals: int, route: int, in_doubt_before: bool) -> RetryStep:
    """The step of a delivery whose time is over before an attempt began: operations are alerted if it was tried before."""
    state = DeliveryState.IN_DOUBT if in_doubt_before else DeliveryState.EXPIRED
    tried = tries > 0 or refusals > 0 or in_doubt_before
    return RetryStep(state=state, due=None, route=route, tries=tries, refusals=refusals, final=True, exhausted=tried)


def _settled(facts: DeliveryFacts, state: DeliveryState) -> RetryStep:
    return RetryStep(state=state, due=None, route=facts.route, tries=facts.tries + 1, refusals=0, final=True)


def _in_doubt(facts: DeliveryFacts) -> RetryStep:
    due = facts.now + ONCE_MORE * (1 + SPREAD * facts.jitter)
    again = facts.type.in_doubt is InDoubtRule.AGAIN and not facts.in_doubt_before and due < facts.expires_at
    return RetryStep(
        state=DeliveryState.IN_DOUBT,
        due=due if again else None,
        route=facts.route,
        tries=facts.tries + 1,
        refusals=0,
        final=not again,
        exhausted=not again,
    )


def _deferred(facts: DeliveryFacts, outcome: Deferred) -> RetryStep:
    tries = facts.tries + 1 if outcome.counts else facts.tries
    wait = _schedule(facts.type, facts.tries)
    requested = outcome.wait or timedelta(0)
    if outcome.diagnosis.reason is Reason.GREYLISTED:
        requested = max(requested, GREYLISTING)
    if not outcome.counts:
        wait, requested = wait / 2, max(requested, NO_ATTEMPT)
    return _later(facts, wait, requested, _waiting(route=facts.route, tries=tries, refusals=0))


def _refused(facts: DeliveryFacts) -> RetryStep:
    refusals = facts.refusals + 1
    retry = (refusals - 1) % _PER_ROUTE
    if retry < len(QUICK_RETRIES):
        return _again(facts, QUICK_RETRIES[retry], refusals)
    if facts.route + 1 < facts.routes and facts.now < facts.expires_at:
        return RetryStep(
            state=DeliveryState.QUEUED, due=None, route=facts.route + 1, tries=facts.tries, refusals=refusals, final=False
        )
    rounds = refusals // (_PER_ROUTE * max(1, facts.routes))
    wait = _schedule(facts.type, facts.tries + max(0, rounds - 1))
    step = _waiting(route=0, tries=facts.tries, refusals=refusals, exhausted=True)
    return _later(facts, wait, timedelta(0), step)


def _again(facts: DeliveryFacts, pause: timedelta, refusals: int) -> RetryStep:
    """The same route a moment later: too short a pause to be news."""
    due = facts.now + _varied(pause, facts.jitter)
    if due >= facts.expires_at:
        return _expired(facts, facts.tries, refusals)
    return RetryStep(state=DeliveryState.QUEUED, due=due, route=facts.route, tries=facts.tries, refusals=refusals, final=False)


def _waiting(*, route: int, tries: int, refusals: int, exhausted: bool = False) -> RetryStep:
    """A step that waits; ``_later`` says until when."""
    return RetryStep(
        state=DeliveryState.DEFERRED, due=None, route=route, tries=tries, refusals=refusals, final=False, exhausted=exhausted
    )


def _later(facts: DeliveryFacts, wait: timedelta, requested: timedelta, step: RetryStep) -> RetryStep:
    """Wait the schedule's time, at least what was requested, and not past the last chance."""
    earliest = facts.now + requested * (1 + SPREAD * facts.jitter)
    due = max(facts.now + _varied(wait, facts.jitter), earliest)
    if due >= facts.expires_at:
        due = facts.expires_at - LAST_CHANCE
        if due < max(facts.now + requested, facts.now + LAST_CHANCE):
            return _expired(facts, step.tries, step.refusals)
    return msgspec.structs.replace(step, due=due)


def _expired(facts: DeliveryFacts, tries: int, refusals: int) -> RetryStep:
    step = expire(tries=tries, refusals=refusals, route=facts.route, in_doubt_before=facts.in_doubt_before)
    return msgspec.structs.replace(step, exhausted=True)


def _schedule(type: MessageType, position: int) -> timedelta:
    return type.waits[min(position, len(type.waits) - 1)]


def _varied(wait: timedelta, jitter: float) -> timedelta:
    return wait * (1 - SPREAD + 2 * SPREAD * jitter)
