"""How many connections may a destination have now? Halved when it says *too many*, earned back by good answers (F-18).

A destination that cannot be reached at all pauses: one second, then twice as long each time, up to a minute. That is
advice for who hands out work (``room``); a delivery that comes anyway is tried.

Known sharp edges: nothing here outlives the process, and each worker has an allowance of its own.
"""

from typing import Final

_ROUNDS_TO_RECOVER: Final = 10
_LONGEST_PAUSE_SECONDS: Final = 60.0


class ConcurrencyWindow:
    """``limit``: connections at once. Times are monotonic seconds."""

    __slots__ = ("_credit", "_failures", "_halved_at", "_most", "_paused_until", "limit")

    def __init__(self, most: int) -> None:
        """``most``: what it never exceeds."""
        self._most = most
        self._credit = 0
        self._failures = 0
        self._halved_at = -1.0
        self._paused_until = 0.0
        self.limit = most

    def good(self) -> None:
        """A delivery was taken; ten rounds of them give one connection back."""
        if self.limit < self._most:
            self._credit += 1
            if self._credit >= self.limit * _ROUNDS_TO_RECOVER:
                self.limit, self._credit = self.limit + 1, 0

    def too_many(self, began: float, now: float) -> None:
        """They turned a connection away that was begun at ``began``; counts once for all that were begun together."""
        if began > self._halved_at:
            self.limit, self._credit, self._halved_at = max(1, self.limit // 2), 0, now

    def opened(self) -> None:
        """It can be reached."""
        self._failures = 0

    def unreachable(self, now: float) -> None:
        """Nobody there lets us in."""
        self._paused_until = now + min(2.0**self._failures, _LONGEST_PAUSE_SECONDS)
        self._failures = min(self._failures + 1, 10)

    def paused(self, now: float) -> bool:
        """Whether to hand out nothing for it yet."""
        return now < self._paused_until

    def forgettable(self, now: float) -> bool:
        """Whether nothing was learned that is worth keeping."""
        return self.limit == self._most and not self.paused(now)
