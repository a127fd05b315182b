"""One way to write a moment."""

from datetime import UTC, datetime, timedelta, timezone

from posthouse.model.time_format import iso_millis, with_iso_times


def test_a_moment_is_written_in_utc_with_milliseconds_and_z() -> None:
    assert iso_millis(datetime(2026, 11, 22, 10, tzinfo=UTC)) == "2026-11-22T10:00:00.000Z"
    assert iso_millis(datetime(2026, 11, 22, 11, 0, 0, 1999, timezone(timedelta(hours=1)))) == "2026-11-22T10:00:00.001Z"


def test_times_are_replaced_wherever_they_stand() -> None:
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    text = "2026-11-22T10:00:00.000Z"
    assert with_iso_times({"a": at, "b": [at, {"c": at}], "d": (1, None)}) == {
        "a": text,
        "b": [text, {"c": text}],
        "d": [1, None],
    }
