"""How many sockets may a transport have in all, and who gets the next one?

A destination that finds every berth taken costs the longest idle connection of any destination its place. Where none is
idle it waits, in order of asking; while somebody waits, connections leave as soon as they are idle, and destinations
that have several give up all but one (``wanted``).
"""

from collections.abc import Callable

from posthouse.net.smtp.pool import PooledConnection


class ConnectionSlots:
    """A count of free places, the idle connections that may be asked to leave theirs, and who waits."""

    def __init__(self, total: int) -> None:
        """``total``: connections at once."""
        self._free = total
        self._idle: dict[PooledConnection, None] = {}
        self._waiting: dict[Callable[[], None], None] = {}

    @property
    def wanted(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def take(self, again: Callable[[], None]) -> bool:
        """One place; where there is none, ``again`` is called once there may be."""
        if not self._free and self._idle:
            next(iter(self._idle)).quit()
        if not self._free:
            self._waiting[again] = None
            return False
        self._free -= 1
        return True

    def give(self) -> None:
        """A place is free again."""
        self._free += 1
        if self._waiting:
            again = next(iter(self._waiting))
            del self._waiting[again]
            again()

    def idle(self, connection: PooledConnection) -> None:
        """It has nothing to do, and may be asked to leave."""
        if self._waiting:
            connection.quit()
        else:
            self._idle[connection] = None

    def busy(self, connection: PooledConnection) -> None:
        """It is not idle any more."""
        self._idle.pop(connection, None)
