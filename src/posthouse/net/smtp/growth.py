"""How many connections may a destination have, and how many are opened now?

The window is halved when the destination says *too many*, and earned back by accepted deliveries (F-18). Inside it growth is slow at
first: two connections, then at most double those that were welcomed, so that a receiver is never met by twenty at once.

A destination that cannot be reached at all pauses: one second, then twice as long each time, up to a minute. That is
advice for whoever hands out work (``Transport.capacity``); a delivery that comes anyway is tried.

Known sharp edges: nothing here outlives the process, and each worker has a window of its own.
"""

from typing import Final

_ROUNDS_TO_RECOVER: Final = 10
_LONGEST_PAUSE_SECONDS: Final = 60.0
_AT_FIRST: Final = 2


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

    def to_open(self, *, waiting: int, connections: int, opening: int) -> int:
        """How many connections to open for ``waiting`` parcels beside those that serve and those that are being opened."""
        window = min(self.limit, max(_AT_FIRST, 2 * connections))
        return max(0, min(waiting - opening, window - connections - opening))

    def record_delivered(self) -> None:
        """A delivery was accepted; ten rounds of them give one connection back."""
        if self.limit < self._most:
            self._credit += 1
            if self._credit >= self.limit * _ROUNDS_TO_RECOVER:
                self.limit, self._credit = self.limit + 1, 0

    def record_too_many(self, began: float, now: float) -> None:
        """They turned a connection away that was begun at ``began``; counts once for all that were begun together."""
        if began > self._halved_at:
            self.limit, self._credit, self._halved_at = max(1, self.limit // 2), 0, now

    def record_connected(self) -> None:
        """It can be reached."""
        self._failures = 0

    def record_unreachable(self, now: float) -> None:
        """No host of it accepts a session."""
        self._paused_until = now + min(2.0**self._failures, _LONGEST_PAUSE_SECONDS)
        self._failures = min(self._failures + 1, 10)

    def is_paused(self, now: float) -> bool:
        """Whether to hand out nothing for it yet."""
        return now < self._paused_until

    def is_initial(self, now: float) -> bool:
        """Whether nothing was learned that is worth keeping."""
        return self.limit == self._most and not self.is_paused(now)
