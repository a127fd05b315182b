"""Conclusions: an event for each change of state, none where nothing changed, never one that is not in the table."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from posthouse.model.attempt import Attempt
from posthouse.model.delivery import TRANSITIONS, DeliveryState, IllegalTransition, check_transition
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
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.model.suppression import Cause, Ruling, SuppressionAnswer, SuppressionFact
from posthouse.pipeline.deliver import conclusion
from posthouse.pipeline.deliver.conclusion import Conclusion, SentAttempt, Stamp
from posthouse.pipeline.deliver.suppression_check import SuppressionVerdict
from posthouse.policy import types
from tests.support import rows

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
STAMP = Stamp(NOW, UUID(int=2))
NEVER_TRIED, DOUBTED = 0, int(QueueFlag.IN_DOUBT_BEFORE)
DEFERRED, DOUBTED_THEN_DEFERRED = int(QueueFlag.DEFERRED_NOW), int(QueueFlag.IN_DOUBT_BEFORE | QueueFlag.DEFERRED_NOW)
BLOCKED, BRAKED = (
    SuppressionVerdict(SuppressionFact(cause=Cause.HARD_BOUNCE, id="sup_1"), Ruling(answer, "why"), "s")
    for answer in (SuppressionAnswer.BLOCK, SuppressionAnswer.DEFER)
)
S = DeliveryState


def delivery(flags: int) -> LeasedDelivery:
    return rows.claimed(NOW, flags=flags)


def attempted(outcome: Outcome, leased: LeasedDelivery, routes: int = 1) -> Conclusion:
    step = conclusion.plan(outcome, leased, routes, NOW, 0.5)
    attempt = Attempt(outcome=outcome, adapter="mx", started_at=NOW, duration_ms=1.0)
    return conclusion.attempted(leased, SentAttempt(attempt=attempt, route="mx"), step, STAMP)


def diagnosis(reason: Reason = Reason.BUSY) -> Diagnosis:
    return Diagnosis(reason=reason, scope=Scope.RECIPIENT, stage=AttemptStage.RCPT)


@pytest.mark.parametrize(
    ("flags", "event"),
    [
        (NEVER_TRIED, "message.in_doubt"),
        (DEFERRED, "message.in_doubt"),
        (DOUBTED, None),
        (DOUBTED_THEN_DEFERRED, "message.in_doubt"),
    ],
)
def test_doubt_is_an_event_once_until_the_state_changes(flags: int, event: str | None) -> None:
    end = attempted(conclusion.doubt(), delivery(flags))
    assert end.state is DeliveryState.IN_DOUBT
    assert end.settlement.event == event
    assert (end.settlement.event_data is None) is (event is None)
    assert end.settlement.attempt is not None


@pytest.mark.parametrize(
    ("flags", "expired", "suppressed"),
    [
        (NEVER_TRIED, "message.expired", "message.suppressed"),
        (DEFERRED, "message.expired", "message.suppressed"),
        (DOUBTED, None, None),
        (DOUBTED_THEN_DEFERRED, "message.in_doubt", "message.in_doubt"),
    ],
)
def test_what_was_in_doubt_ends_in_doubt_and_that_is_an_event_only_after_something_else(
    flags: int, expired: str | None, suppressed: str | None
) -> None:
    assert conclusion.expired(delivery(flags), "mx", STAMP).settlement.event == expired
    assert conclusion.withheld(delivery(flags), "mx", BLOCKED, STAMP).settlement.event == suppressed


# Every way in which a turn can end, from every state in which it can begin.

FLAGS = (NEVER_TRIED, DOUBTED, DEFERRED, DOUBTED_THEN_DEFERRED)
OUTCOMES: tuple[Outcome, ...] = (
    Delivered(diagnosis()),
    Delivered(diagnosis(), final=False),
    Bounced(diagnosis()),
    Deferred(diagnosis()),
    Deferred(diagnosis(Reason.GREYLISTED), wait=timedelta(minutes=5)),
    Deferred(diagnosis(), counts=False),
    Refused(diagnosis()),
    InDoubt(diagnosis()),
)
LIFETIMES = (timedelta(0), timedelta(seconds=3), timedelta(days=3))


def conclusions() -> list[Conclusion]:
    ends = []
    for flags, type, lifetime in product(FLAGS, types.ALL, LIFETIMES):
        for outcome, routes, refusals in product(OUTCOMES, (1, 2), (0, 3, 7)):
            leased = rows.claimed(NOW, flags=flags, type=type.name, expires_at=NOW + lifetime, refusals=refusals, tries=refusals)
            ends.append(attempted(outcome, leased, routes))
        leased = rows.claimed(NOW, flags=flags, type=type.name, expires_at=NOW + lifetime)
        ends += [conclusion.expired(leased, "mx", STAMP), conclusion.content_gone(leased, "mx", STAMP)]
        ends += [conclusion.withheld(leased, "mx", verdict, STAMP) for verdict in (BLOCKED, BRAKED)]
        ends.append(conclusion.unbuildable(leased, "mx", STAMP, 0.5))
    return ends


def test_no_turn_of_a_delivery_ends_in_a_change_that_the_table_does_not_have() -> None:
    for end in conclusions():  # an illegal change raises
        event, before = end.settlement.event, end.settlement.delivery.state
        if event is not None:
            assert event == f"message.{end.state.value}"
            assert end.state in TRANSITIONS[before]
        else:
            assert end.state in (before, S.QUEUED)


def test_a_delivery_that_comes_back_is_known_to_be_in_the_state_that_it_was_left_in() -> None:
    for end in conclusions():
        settled = end.settlement
        if not settled.final:
            again = rows.claimed(NOW, flags=settled.flags)
            assert again.state is (settled.delivery.state if end.state is S.QUEUED else end.state)


@pytest.mark.parametrize(("before", "after"), list(product(S, S)), ids=str)
def test_a_change_that_is_not_in_the_table_is_refused(before: DeliveryState, after: DeliveryState) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition, match=f"{before.value} cannot become {after.value}"):
            check_transition(before, after)
