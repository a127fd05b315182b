"""How many sockets may a transport have in all, and who gets the next one?

A destination that finds every slot taken costs the longest idle connection of any destination its slot. Where none is
idle it waits, first come; while somebody waits, connections leave as soon as they are idle, and destinations
that have several give up all but one (``contended``).
"""

from collections.abc import Callable

from posthouse.net.smtp.pool import PooledConnection


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
