"""Time: anchored, steady, and in tests only what was given."""

from datetime import UTC, datetime, timedelta

from posthouse.net.clock import SystemClock
from posthouse.testing.clock import FakeClock


def test_now_is_aware_and_close_to_the_machines() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_an_anchor_moves_now_to_the_databases_time() -> None:
    clock, there = SystemClock(), datetime(2031, 5, 6, tzinfo=UTC)
    clock.anchor(there)
    assert timedelta(0) <= clock.now() - there < timedelta(seconds=5)


def test_monotonic_never_goes_back() -> None:
    clock = SystemClock()
    seen = [clock.monotonic() for _ in range(1000)]
    assert seen == sorted(seen)


def test_the_fake_clock_moves_only_when_told_and_both_ways_at_once() -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(timedelta(minutes=2))
    assert (clock.now(), clock.monotonic()) == (datetime(2026, 1, 1, 0, 2, tzinfo=UTC), 120.0)
    clock.anchor(datetime(2027, 1, 1, tzinfo=UTC))
    assert (clock.now().year, clock.monotonic()) == (2027, 120.0)
