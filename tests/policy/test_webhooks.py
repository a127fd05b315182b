"""What becomes of an event and its endpoint after a try."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.webhook_endpoint import EndpointHealth
from posthouse.policy.webhooks import (
    FAILING,
    GONE,
    LONGEST_REST,
    WAITS,
    DecodedAnswer,
    NextAttempt,
    WebhookAnswer,
    next_attempt,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def step(
    meaning: WebhookAnswer = WebhookAnswer.FAILED,
    attempts: int = 1,
    retry_after: timedelta | None = None,
    health: EndpointHealth | None = None,
    fraction: float = 0.5,
) -> NextAttempt:
    return next_attempt(
        DecodedAnswer(meaning, retry_after), attempts=attempts, health=health or EndpointHealth(), now=NOW, fraction=fraction
    )


def test_a_yes_ends_it_and_heals_the_endpoint() -> None:
    found = step(WebhookAnswer.DELIVERED, 5, health=EndpointHealth(4, NOW - DAY, NOW))
    assert (found.delivered, found.due, found.health) == (True, None, EndpointHealth())


@pytest.mark.parametrize(("attempts", "wait"), list(enumerate(WAITS, 1)))
def test_the_waits_are_the_contracts(attempts: int, wait: timedelta) -> None:
    assert step(attempts=attempts).due == NOW + wait


def test_ten_attempts_over_three_days_and_then_no_more() -> None:
    assert len(WAITS) + 1 == 10
    assert timedelta(days=3) <= sum(WAITS, timedelta(0)) <= timedelta(days=3.5)
    assert step(attempts=10).due is None


@given(attempts=st.integers(1, 9), fraction=st.floats(0, 1, exclude_max=True))
def test_jitter_is_a_fifth_either_way(attempts: int, fraction: float) -> None:
    due = step(attempts=attempts, fraction=fraction).due
    assert due is not None
    assert 0.8 * WAITS[attempts - 1] <= due - NOW <= 1.2 * WAITS[attempts - 1]


def test_a_wait_that_they_ask_for_is_honoured_within_a_day() -> None:
    asked = step(WebhookAnswer.LATER, retry_after=timedelta(minutes=2))
    assert asked.due == NOW + timedelta(minutes=2)
    assert asked.health.rest_until == NOW + timedelta(minutes=2)
    assert step(WebhookAnswer.LATER, attempts=3, retry_after=timedelta(minutes=2)).due == NOW + WAITS[2]
    assert step(WebhookAnswer.LATER, retry_after=timedelta(days=9)).due == NOW + DAY


def test_gone_disables_the_endpoint_and_keeps_the_event_for_a_replay() -> None:
    found = step(WebhookAnswer.GONE)
    assert (found.delivered, found.due, found.disable) == (False, None, GONE)


@pytest.mark.parametrize(("since", "expected"), [(5 * DAY, FAILING), (5 * DAY - timedelta(seconds=1), "")])
def test_five_days_in_which_every_try_failed_switch_it_off(since: timedelta, expected: str) -> None:
    assert step(health=EndpointHealth(9, NOW - since)).disable == expected


def test_the_first_failure_starts_the_five_days() -> None:
    assert step().health.failing_since == NOW
    assert step(health=EndpointHealth(1, NOW - DAY)).health.failing_since == NOW - DAY


def test_an_endpoint_that_fails_is_left_alone_longer_and_longer() -> None:
    rests = []
    health = EndpointHealth()
    for _ in range(12):
        health = step(health=health).health
        assert health.rest_until
        rests.append(health.rest_until - NOW)
    assert rests[:3] == [timedelta(seconds=0.25), timedelta(seconds=0.5), timedelta(seconds=1)]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST
