"""A clock that moves only when it is advanced."""

from datetime import UTC, datetime, timedelta

from posthouse.net.clock import SystemClock

_START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class FakeClock(SystemClock):
    """Starts at ``now`` (aware); ``advance`` moves both its wall and its monotonic time."""

    __slots__ = ("_elapsed", "_now")

    def __init__(self, now: datetime = _START) -> None:
        super().__init__()
        self._now = now
        self._elapsed = 0.0

    def now(self) -> datetime:
        """The time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed

    def anchor(self, database_now: datetime) -> None:
        """Set the wall clock; no monotonic time passes."""
        self._now = database_now

    def advance(self, by: timedelta) -> None:
        """Let ``by`` pass."""
        self._now += by
        self._elapsed += by.total_seconds()
