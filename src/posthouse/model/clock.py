"""The one clock that every room is given: the moment, and seconds for durations.

``net.clock.SystemClock`` is the real one, ``testing.clock.FakeClock`` stands still until it is moved.
"""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Aware UTC time for what is kept; monotonic seconds for durations and time-outs."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes backwards."""
        ...
