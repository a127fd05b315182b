"""The one clock that every room is given: the time of day, and seconds for durations.

``net.clock.SystemClock`` is the real one, ``testing.clock.FakeClock`` stands still until it is advanced.
"""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Aware UTC time for what is stored; monotonic seconds for durations and time-outs."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes backwards."""
        ...
