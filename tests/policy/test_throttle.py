"""How fast a key may send: so many at once, evenly back, and never more."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.policy.throttle import MOST, WINDOW, BucketState, BucketTaken, BucketWait, take

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def drained(rate: int, count: int, now: datetime = NOW) -> datetime:
    """A bucket of which so much was taken at once."""
    taken = take(None, rate, count, now)
    assert isinstance(taken, BucketTaken)
    return taken.full_at


def test_a_fresh_bucket_is_full_and_tells_what_is_left() -> None:
    assert take(None, 6, 1, NOW) == BucketTaken(NOW + timedelta(seconds=10), BucketState(limit=6, remaining=5, reset=10))


def test_an_empty_bucket_says_when_enough_is_back() -> None:
    assert take(drained(6, 6), 6, 1, NOW) == BucketWait(10, BucketState(limit=6, remaining=0, reset=10))
    assert take(drained(6, 6), 6, 3, NOW) == BucketWait(30, BucketState(limit=6, remaining=0, reset=30))


def test_who_waited_as_long_as_told_is_taken() -> None:
    told = take(drained(7, 7), 7, 2, NOW)
    assert isinstance(told, BucketWait)
    assert told.seconds is not None
    assert isinstance(take(drained(7, 7), 7, 2, NOW + timedelta(seconds=told.seconds)), BucketTaken)


def test_a_batch_that_does_not_fit_takes_nothing() -> None:
    assert isinstance(take(drained(10, 6), 10, 5, NOW), BucketWait)
    assert isinstance(take(drained(10, 6), 10, 4, NOW), BucketTaken)


def test_more_than_a_bucket_holds_never_fits() -> None:
    assert take(None, 10, 11, NOW) == BucketWait(None, BucketState(limit=10, remaining=10, reset=0))


def test_looking_takes_nothing_and_is_never_refused() -> None:
    empty = drained(10, 10)
    assert take(empty, 10, 0, NOW) == BucketTaken(empty, BucketState(limit=10, remaining=0, reset=60))


def test_a_bucket_never_holds_more_than_a_minute_brings() -> None:
    assert take(drained(10, 10), 10, 0, NOW + timedelta(days=1)) == BucketTaken(
        NOW + timedelta(days=1), BucketState(limit=10, remaining=10, reset=0)
    )


def test_another_rate_keeps_what_was_used_in_proportion() -> None:
    half = take(drained(10, 5), 100, 0, NOW)
    assert isinstance(half, BucketTaken)
    assert half.standing.remaining == 50


@pytest.mark.parametrize("rate", [1, 7, 59, 600, 999, 59_999, MOST])
def test_a_full_bucket_gives_exactly_its_rate_one_by_one(rate: int) -> None:
    full_at, given_out = None, 0
    while isinstance(took := take(full_at, rate, 1, NOW), BucketTaken):
        full_at, given_out = took.full_at, given_out + 1
        assert took.standing.remaining >= rate - given_out
    assert rate <= given_out <= rate * 1.002


@given(st.integers(1, MOST), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 90_000_000)), max_size=40))
def test_whatever_is_asked_no_more_is_taken_than_a_bucket_and_what_came_back(rate: int, asked: list[tuple[int, int]]) -> None:
    full_at, now, out = None, NOW, 0
    for count, pause in asked:
        now += timedelta(microseconds=pause)
        answer = take(full_at, rate, count, now)
        if isinstance(answer, BucketTaken):
            full_at, out = answer.full_at, out + count
        assert 0 <= answer.standing.remaining <= rate
        assert answer.standing.reset >= 0
    assert out <= (rate + rate * ((now - NOW) / WINDOW)) * 1.002 + 1
