"""How many connections may a destination have, how many a transport in all, and how many are opened now?

The window is halved when the destination says *too many*, and earned back by accepted deliveries (F-18). Inside it
growth is slow at first: two connections, then at most double those that were welcomed, so that a receiver is never
met by twenty at once.

A destination that cannot be reached at all pauses: one second, then twice as long each time, up to a minute. That is
advice for whoever hands out work (``Transport.capacity``); a delivery that comes anyway is tried.

A destination that finds every slot of its transport taken costs the longest idle connection of any destination its
slot. Where none is idle it waits, first come; while one waits, connections leave as soon as they are idle, and
destinations that have several give up all but one (``ConnectionSlots.contended``).

Known sharp edges: nothing here outlives the process, and each worker has a window of its own.
"""

from collections.abc import Callable
from typing import Final

from posthouse.net.smtp.pool import PooledConnection

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


class ConnectionSlots:
    """A count of free slots, the idle connections that may be asked to leave theirs, and who waits."""

    def __init__(self, total: int) -> None:
        """``total``: connections at once."""
        self._free = total
        self._idle: dict[PooledConnection, None] = {}
        self._waiting: dict[Callable[[], None], None] = {}

    @property
    def contended(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def acquire(self, retry: Callable[[], None]) -> bool:
        """One slot; where there is none, ``retry`` is called once there may be."""
        if not self._free and self._idle:
            next(iter(self._idle)).quit()  # its pool releases the slot before this returns
        if not self._free:
            self._waiting[retry] = None
            return False
        self._free -= 1
        return True

    def release(self) -> None:
        """A slot is free again."""
        self._free += 1
        if self._waiting:
            retry = next(iter(self._waiting))
            del self._waiting[retry]
            retry()

    def add_idle(self, connection: PooledConnection) -> None:
        """It has nothing to do, and may be asked to leave."""
        if self._waiting:
            connection.quit()
        else:
            self._idle[connection] = None

    def remove_idle(self, connection: PooledConnection) -> None:
        """It is not idle any more."""
        self._idle.pop(connection, None)
