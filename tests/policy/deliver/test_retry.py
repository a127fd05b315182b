"""What now: the rules of T1, T5 and D5 as tables, and what must hold whatever happens."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.model.delivery import DeliveryState
from posthouse.model.message_type import InDoubtRule, MessageType
from posthouse.model.outcome import (
    AttemptStage,
    Bounced,
    Deferred,
    Delivered,
    Diagnosis,
    InDoubt,
    Outcome,
    Reason,
    Refused,
    Scope,
)
from posthouse.policy.deliver.retry import LAST_CHANCE, ONCE_MORE, DeliveryFacts, RetryStep, expire, next_step
from posthouse.policy.types import ALL, BY_NAME

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
S = DeliveryState
RESET, ORDER, BULK = BY_NAME["password_reset"], BY_NAME["order_confirmation"], BY_NAME["newsletter"]
MIDDLE = 0.5  # the jitter that leaves a wait as it is


def said(reason: Reason = Reason.BUSY) -> Diagnosis:
    return Diagnosis(reason=reason, scope=Scope.SITE, stage=AttemptStage.RCPT)


DELIVERED, SENT, BOUNCED = Delivered(said()), Delivered(said(), final=False), Bounced(said())
DEFERRED, REFUSED, IN_DOUBT = Deferred(said()), Refused(said()), InDoubt(said())
GREYLISTED = Deferred(said(Reason.GREYLISTED))
CLOSED_AT_THE_DOOR = Deferred(said(), counts=False)


def after(outcome: Outcome, type: MessageType = RESET, **changed: Any) -> RetryStep:
    facts: dict[str, Any] = {
        "tries": 0,
        "refusals": 0,
        "route": 0,
        "routes": 1,
        "in_doubt_before": False,
        "now": NOW,
        "expires_at": NOW + type.expires_after,
        "jitter": MIDDLE,
    }
    return next_step(outcome, DeliveryFacts(type=type, **(facts | changed)))


def wait(step: RetryStep) -> float:
    assert step.due is not None
    return (step.due - NOW).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(DELIVERED, S.DELIVERED), (SENT, S.SENT), (BOUNCED, S.BOUNCED)],
    ids=["an MX took it", "a relay took it", "never"],
)
def test_an_answer_for_good_settles(outcome: Outcome, state: DeliveryState) -> None:
    step = after(outcome, tries=2, refusals=3)
    assert (step.state, step.final, step.due, step.exhausted) == (state, True, None, False)
    assert (step.tries, step.refusals) == (3, 0)


@pytest.mark.parametrize("type", ALL, ids=[known.name for known in ALL])
def test_later_takes_the_next_wait_of_the_type_and_the_last_repeats(type: MessageType) -> None:
    for tries in range(len(type.waits) + 3):
        step = after(DEFERRED, type, tries=tries, expires_at=NOW + timedelta(days=30))
        assert wait(step) == type.waits[min(tries, len(type.waits) - 1)].total_seconds()
        assert (step.state, step.tries, step.final, step.exhausted) == (S.DEFERRED, tries + 1, False, False)


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 8.0), (0.5, 10.0), (1.0, 12.0)])
def test_waits_vary_by_a_fifth_either_way(jitter: float, seconds: float) -> None:
    assert wait(after(DEFERRED, ORDER, jitter=jitter)) == seconds


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_greylisting_waits_a_minute_at_least_whatever_the_schedule(jitter: float) -> None:
    assert 60 <= wait(after(GREYLISTED, RESET, jitter=jitter)) <= 72
    assert wait(after(GREYLISTED, BULK, jitter=0.5)) == 900


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
def test_a_wait_they_ask_for_is_never_cut_short(jitter: float) -> None:
    assert wait(after(Deferred(said(), wait=timedelta(minutes=7)), jitter=jitter)) >= 420
    assert wait(after(Deferred(said(), wait=timedelta(seconds=1)), ORDER, jitter=jitter)) >= 8


def test_a_421_on_connect_is_no_attempt_and_does_not_move_the_schedule() -> None:
    step = after(CLOSED_AT_THE_DOOR, tries=1)
    assert (step.tries, step.state, wait(step)) == (1, S.DEFERRED, 5.5)
    assert wait(after(CLOSED_AT_THE_DOOR, BULK)) == 450


def test_our_own_route_is_tried_three_times_more_then_the_next_takes_over_at_once() -> None:
    steps = [after(REFUSED, refusals=refusals, routes=2, tries=1) for refusals in range(4)]
    assert [wait(step) for step in steps[:3]] == [1, 2, 4]
    assert [step.route for step in steps] == [0, 0, 0, 1]
    assert [step.tries for step in steps] == [1, 1, 1, 1]
    assert [step.refusals for step in steps] == [1, 2, 3, 4]
    assert (steps[3].due, steps[3].final, steps[3].exhausted) == (None, False, False)
    assert {step.state for step in steps} == {S.QUEUED}


def test_after_the_last_route_the_first_comes_again_at_the_pace_of_the_type_and_operations_hear_of_it() -> None:
    paces = [after(REFUSED, ORDER, refusals=8 * rounds - 1, route=1, routes=2) for rounds in (1, 2, 3, 20)]
    assert [wait(step) for step in paces] == [10, 60, 300, 14400]
    assert all((step.route, step.state, step.exhausted, step.final) == (0, S.DEFERRED, True, False) for step in paces)


def test_the_second_route_has_quick_retries_of_its_own() -> None:
    assert [wait(after(REFUSED, refusals=refusals, route=1, routes=2)) for refusals in (4, 5, 6)] == [1, 2, 4]


def test_an_answer_from_the_destination_ends_the_row_of_refusals_and_keeps_the_route() -> None:
    step = after(DEFERRED, refusals=5, route=1, routes=2)
    assert (step.refusals, step.route) == (0, 1)


@pytest.mark.parametrize("type", ALL, ids=[known.name for known in ALL])
def test_in_doubt_is_decided_by_the_type(type: MessageType) -> None:
    step = after(IN_DOUBT, type, route=1, routes=2)
    if type.in_doubt is InDoubtRule.AGAIN:
        assert (step.state, step.final, step.route, step.exhausted) == (S.IN_DOUBT, False, 1, False)
        assert wait(step) == 11
    else:
        assert (step.state, step.final, step.due, step.exhausted) == (S.IN_DOUBT, True, None, True)


def test_in_doubt_twice_is_held_whatever_the_type() -> None:
    step = after(IN_DOUBT, RESET, in_doubt_before=True)
    assert (step.state, step.final, step.exhausted) == (S.IN_DOUBT, True, True)


def test_once_more_never_comes_after_the_expiry() -> None:
    step = after(IN_DOUBT, RESET, expires_at=NOW + ONCE_MORE)
    assert (step.state, step.final) == (S.IN_DOUBT, True)


def test_a_wait_beyond_the_expiry_becomes_one_last_try_just_before_it() -> None:
    expires_at = NOW + timedelta(minutes=30)
    step = after(DEFERRED, ORDER, tries=6, expires_at=expires_at)
    assert (step.state, step.due) == (S.DEFERRED, expires_at - LAST_CHANCE)


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (DEFERRED, 4),
        (GREYLISTED, 60),
        (Deferred(said(), wait=timedelta(hours=1)), 3600),
        (CLOSED_AT_THE_DOOR, 4),
        (REFUSED, 1),
        (DEFERRED, 0),
        (REFUSED, -5),
    ],
)
def test_where_no_try_can_follow_it_expires_now_and_operations_hear_of_it(outcome: Outcome, left: float) -> None:
    step = after(outcome, ORDER, expires_at=NOW + timedelta(seconds=left))
    assert (step.state, step.final, step.due, step.exhausted) == (S.EXPIRED, True, None, True)


def test_what_was_in_doubt_ends_in_doubt_because_it_may_have_arrived() -> None:
    step = after(DEFERRED, RESET, in_doubt_before=True, expires_at=NOW)
    assert (step.state, step.final) == (S.IN_DOUBT, True)


@pytest.mark.parametrize(
    ("tries", "refusals", "doubt", "state", "told"),
    [
        (0, 0, False, S.EXPIRED, False),
        (1, 0, False, S.EXPIRED, True),
        (0, 1, False, S.EXPIRED, True),
        (1, 0, True, S.IN_DOUBT, True),
    ],
)
def test_expiring_before_an_attempt_is_told_only_where_one_was_made(
    tries: int, refusals: int, doubt: bool, state: DeliveryState, told: bool
) -> None:
    step = expire(tries=tries, refusals=refusals, route=0, in_doubt_before=doubt)
    assert (step.state, step.final, step.exhausted) == (state, True, told)


outcomes = st.sampled_from(
    [DEFERRED, GREYLISTED, CLOSED_AT_THE_DOOR, REFUSED, IN_DOUBT, Deferred(said(), wait=timedelta(minutes=3))]
)


@settings(max_examples=150)
@given(
    type=st.sampled_from(ALL),
    story=st.lists(outcomes, min_size=1, max_size=40),
    lifetime=st.integers(1, 4 * 86400),
    routes=st.integers(0, 4),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_every_story_ends_by_the_expiry_and_never_sends_a_held_type_twice(
    type: MessageType, story: list[Outcome], lifetime: int, routes: int, jitter: float
) -> None:
    now, expires_at = NOW, NOW + timedelta(seconds=lifetime)
    step = RetryStep(state=S.QUEUED, due=None, route=0, tries=0, refusals=0, final=False)
    may_have_left, attempts = 0, 0
    while not step.final:
        attempts += 1
        outcome = story[attempts % len(story)]
        facts = DeliveryFacts(
            type=type,
            tries=step.tries,
            refusals=step.refusals,
            route=step.route,
            routes=routes,
            in_doubt_before=may_have_left > 0,
            now=now,
            expires_at=expires_at,
            jitter=jitter,
        )
        step = next_step(outcome, facts)
        may_have_left += isinstance(outcome, InDoubt)
        assert 0 <= step.route < max(1, routes)
        assert step.final or step.due is None or now < step.due < expires_at
        now = step.due or now
    assert now < expires_at
    assert may_have_left <= (2 if type.in_doubt is InDoubtRule.AGAIN else 1)
    assert step.state is (S.IN_DOUBT if may_have_left else S.EXPIRED)
    assert step.exhausted
