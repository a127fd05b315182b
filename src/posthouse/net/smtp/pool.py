"""What a connection and the pool that owns it say to each other: where it may go, what it sends, how it went."""

import asyncio
import math
from datetime import datetime
from typing import Protocol

import msgspec

from posthouse.mail.smtp.handshake import SessionEnded
from posthouse.model.attempt import Attempt
from posthouse.model.content import Parcel
from posthouse.model.outcome import Outcome
from posthouse.net.smtp.classifier import OutcomeClassifier


class Candidate(msgspec.Struct, frozen=True):
    """Where a connection may go. ``host``: the name that its certificate must bear; ``address``: an IP address."""

    host: str
    address: str
    port: int

    def __str__(self) -> str:
        """As attempts show it."""
        return self.host if self.host == self.address else f"{self.host}[{self.address}]"


class QueuedParcel(msgspec.Struct, eq=False, kw_only=True):
    """A parcel on its way, and the attempt that its sender awaits. ``began``: monotonic seconds.

    ``body_left``: its gate was opened. ``deadline``: the end of its budget, in loop time. ``requeues``: how often it
    went back because a session ended under it. ``tried``: the hosts that failed under it; ``failure``: what the first
    of them meant.
    """

    parcel: Parcel
    attempt: asyncio.Future[Attempt]
    started_at: datetime
    began: float
    body_left: bool = False
    requeues: int = 0
    deadline: float = math.inf
    tried: set[Candidate] = msgspec.field(default_factory=set)
    failure: Outcome | None = None


class PooledConnection(Protocol):
    """A connection, as its pool sees it. ``host``: as attempts show it; ``transactions``: how many ended on it, well or not."""

    candidate: Candidate
    host: str
    transactions: int
    tls: str

    def serve(self, parcel: QueuedParcel | None = None) -> None:
        """Begin this parcel, or the next of the queue."""
        ...

    def quit(self) -> None:
        """Say QUIT and close."""
        ...

    def abort(self) -> None:
        """Close without a word."""
        ...


class ConnectionPool(Protocol):
    """Who owns connections: gives them parcels and learns what became of those. ``relay``: its hosts are of our own route."""

    relay: bool
    classifier: OutcomeClassifier

    def next_parcel(self) -> QueuedParcel | None:
        """The next parcel of the queue."""
        ...

    def has_too_many(self) -> bool:
        """Whether there are more connections than there should be."""
        ...

    def socket_opened(self, connection: PooledConnection) -> None:
        """Its socket is open."""
        ...

    def became_idle(self, connection: PooledConnection) -> None:
        """It has nothing to do."""
        ...

    def finish(self, connection: PooledConnection, parcel: QueuedParcel, outcome: Outcome) -> None:
        """A parcel has its outcome."""
        ...

    def withhold(self, parcel: QueuedParcel) -> None:
        """The gate stayed shut, or nothing is sent any more."""
        ...

    def session_ended(self, connection: PooledConnection, parcel: QueuedParcel, ended: SessionEnded) -> None:
        """The session ended under a parcel."""
        ...

    def retire(self, connection: PooledConnection) -> None:
        """Nothing more will be begun on it."""
        ...

    def socket_closed(self, connection: PooledConnection) -> None:
        """Its socket is closed."""
        ...
