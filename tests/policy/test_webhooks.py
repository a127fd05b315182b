"""What becomes of an event and its endpoint after a try."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.webhook_endpoint import EndpointHealth
from posthouse.policy.webhooks import FAILING, GONE, LONGEST_REST, WAITS, NextTry, WebhookAnswer, next_step

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def step(
    heard: WebhookAnswer = WebhookAnswer.FAILED,
    tries: int = 1,
    wish: timedelta | None = None,
    health: EndpointHealth | None = None,
    fraction: float = 0.5,
) -> NextTry:
    return next_step(heard, tries=tries, wish=wish, health=health or EndpointHealth(), now=NOW, fraction=fraction)


def test_a_yes_ends_it_and_heals_the_endpoint() -> None:
    found = step(WebhookAnswer.TOLD, 5, health=EndpointHealth(4, NOW - DAY, NOW))
    assert (found.told, found.due, found.health) == (True, None, EndpointHealth())


@pytest.mark.parametrize(("tries", "wait"), list(enumerate(WAITS, 1)))
def test_the_waits_are_the_contracts(tries: int, wait: timedelta) -> None:
    assert step(tries=tries).due == NOW + wait


def test_ten_tries_over_three_days_and_then_no_more() -> None:
    assert len(WAITS) + 1 == 10
    assert timedelta(days=3) <= sum(WAITS, timedelta(0)) <= timedelta(days=3.5)
    assert step(tries=10).due is None


@given(tries=st.integers(1, 9), fraction=st.floats(0, 1, exclude_max=True))
def test_jitter_is_a_fifth_either_way(tries: int, fraction: float) -> None:
    due = step(tries=tries, fraction=fraction).due
    assert due is not None
    assert 0.8 * WAITS[tries - 1] <= due - NOW <= 1.2 * WAITS[tries - 1]


def test_a_wait_that_they_ask_for_is_honoured_within_a_day() -> None:
    asked = step(WebhookAnswer.LATER, wish=timedelta(minutes=2))
    assert asked.due == NOW + timedelta(minutes=2)
    assert asked.health.rest_until == NOW + timedelta(minutes=2)
    assert step(WebhookAnswer.LATER, tries=3, wish=timedelta(minutes=2)).due == NOW + WAITS[2]
    assert step(WebhookAnswer.LATER, wish=timedelta(days=9)).due == NOW + DAY


def test_gone_switches_the_endpoint_off_and_keeps_the_event_for_a_replay() -> None:
    found = step(WebhookAnswer.GONE)
    assert (found.told, found.due, found.disable) == (False, None, GONE)


@pytest.mark.parametrize(("since", "expected"), [(5 * DAY, FAILING), (5 * DAY - timedelta(seconds=1), "")])
def test_five_days_in_which_every_try_failed_switch_it_off(since: timedelta, expected: str) -> None:
    assert step(health=EndpointHealth(9, NOW - since)).disable == expected


def test_the_first_failure_starts_the_five_days() -> None:
    assert step().health.failing_since == NOW
    assert step(health=EndpointHealth(1, NOW - DAY)).health.failing_since == NOW - DAY


def test_an_endpoint_that_fails_is_left_in_peace_longer_and_longer() -> None:
    rests = []
    health = EndpointHealth()
    for _ in range(12):
        health = step(health=health).health
        assert health.rest_until
        rests.append(health.rest_until - NOW)
    assert rests[:3] == [timedelta(seconds=0.25), timedelta(seconds=0.5), timedelta(seconds=1)]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST
