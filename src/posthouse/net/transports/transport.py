"""What carries a parcel: the one shape that every way out has."""

from datetime import timedelta
from typing import Protocol

from posthouse.model.attempt import Attempt
from posthouse.model.content import Parcel


class Transport(Protocol):
    """``carry`` never raises for what a peer or the network does: that is an outcome."""

    @property
    def name(self) -> str:
        """As it stands in attempts: ``mx``, ``smtp://host:port``, ``inbox``; never a secret."""
        ...

    async def send(self, parcel: Parcel) -> Attempt:
        """One try. ``parcel.gate.open()`` is called at most once, just before the body is written."""
        ...

    def room(self, domain: str) -> int:
        """How many more deliveries to that domain may start now; 0: saturated or paused."""
        ...

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; what is under way has ``grace`` to finish, then it is cut off."""
        ...
