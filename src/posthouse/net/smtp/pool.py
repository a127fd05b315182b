"""What a connection and its owner say to each other: where it may go, what it carries, whose it is."""

import asyncio
import math
from datetime import datetime
from typing import Protocol

import msgspec

from posthouse.mail.smtp.handshake import SessionEnded
from posthouse.model.attempt import Attempt
from posthouse.model.content import Parcel
from posthouse.model.outcome import Outcome


class Candidate(msgspec.Struct, frozen=True):
    """Where a connection may go. ``host``: the name that its certificate must bear; ``address``: an IP address."""

    host: str
    address: str
    port: int

    def __str__(self) -> str:
        """As attempts show it."""
        return self.host if self.host == self.address else f"{self.host}[{self.address}]"


class QueuedParcel:
    """A parcel on its way, and who waits for the attempt. ``left``: its gate was opened. ``until``: its budget, in loop time."""

    __slots__ = ("answer", "began", "left", "parcel", "returns", "started_at", "tried", "trouble", "until")

    def __init__(self, parcel: Parcel, answer: asyncio.Future[Attempt], started_at: datetime, began: float) -> None:
        """``began``: monotonic seconds."""
        self.parcel = parcel
        self.answer = answer
        self.started_at = started_at
        self.began = began
        self.left = False
        self.returns = 0
        self.until = math.inf
        self.tried: set[Candidate] = set()
        self.trouble: Outcome | None = None


class PooledConnection(Protocol):
    """A connection, as its pool sees it."""

    candidate: Candidate
    served: int
    tls: str

    def serve(self, errand: QueuedParcel | None = None) -> None:
        """Begin this errand, or the next of the line."""
        ...

    def quit(self) -> None:
        """Say goodbye and close."""
        ...

    def abort(self) -> None:
        """Close without a word."""
        ...


class ConnectionPool(Protocol):
    """Who owns connections: gives them work and hears what became of it."""

    relay: bool

    def take(self) -> QueuedParcel | None:
        """The next errand of the line."""
        ...

    def crowded(self) -> bool:
        """Whether there are more connections than there should be."""
        ...

    def made(self, connection: PooledConnection) -> None:
        """Its socket is open."""
        ...

    def idle(self, connection: PooledConnection) -> None:
        """It has nothing to do."""
        ...

    def settle(self, connection: PooledConnection, errand: QueuedParcel, outcome: Outcome) -> None:
        """An errand has its outcome."""
        ...

    def withheld(self, connection: PooledConnection, errand: QueuedParcel) -> None:
        """The gate stayed shut."""
        ...

    def lost(self, connection: PooledConnection, errand: QueuedParcel, ended: SessionEnded) -> None:
        """The session ended under an errand."""
        ...

    def gone(self, connection: PooledConnection) -> None:
        """Nothing more will be begun on it."""
        ...

    def closed(self, connection: PooledConnection) -> None:
        """Its socket is closed."""
        ...
