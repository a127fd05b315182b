"""What time is it? The only source of time, anchored on the database's clock.

Between two anchors time runs on the monotonic clock, so a step of the machine's wall clock (NTP, an
operator, daylight saving) moves no lease, schedule or expiry. Everything that keeps state reads ``now()``;
durations and time-outs read ``monotonic()``.

Known sharp edges: the monotonic clock may or may not run on while the machine is suspended; a process that holds leases
anchors again at each heartbeat. An anchor may move ``now()`` backwards by what the clocks differed.
"""

import time
from datetime import UTC, datetime


class SystemClock:
    """Aware UTC time and monotonic seconds."""

    __slots__ = ("_offset",)

    def __init__(self) -> None:
        """Until ``anchor`` is called: the machine's wall clock at this moment."""
        self._offset = time.time() - time.monotonic()

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes backwards."""
        return time.monotonic()

    def anchor(self, database_now: datetime) -> None:
        """From here on ``now()`` continues from ``database_now`` (aware)."""
        self._offset = database_now.timestamp() - time.monotonic()
