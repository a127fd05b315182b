"""What doctor finds in the store where a person's eyes are not enough."""

from datetime import UTC, datetime, timedelta

import pytest

from posthouse.ops import doctor_store
from posthouse.ops.doctor_network import CheckLevel
from posthouse.store.postgres.vitals import ServerVitals

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("theirs", "level"),
    [
        (timedelta(), CheckLevel.OK),
        (timedelta(seconds=1), CheckLevel.OK),
        (timedelta(seconds=30), CheckLevel.WARN),
        (timedelta(seconds=-30), CheckLevel.WARN),
    ],
)
def test_clocks_that_differ_are_worth_a_warning(theirs: timedelta, level: CheckLevel) -> None:
    assert doctor_store._clock(NOW + theirs, NOW, NOW + timedelta(milliseconds=5)).level is level


def test_a_slow_answer_is_no_skew() -> None:
    assert "0.0 s" in doctor_store._clock(NOW + timedelta(seconds=5), NOW, NOW + timedelta(seconds=10)).text


@pytest.mark.parametrize(("age", "level"), [(10**8, CheckLevel.OK), (5 * 10**8, CheckLevel.WARN), (16 * 10**8, CheckLevel.FAIL)])
def test_transaction_ids_that_run_out_are_told_in_time(age: int, level: CheckLevel) -> None:
    server = ServerVitals(NOW, "18.6", read_only=False, frozen_age=age, freeze_at=200_000_000, unsafe=())
    assert doctor_store._vacuum(server).level is level
