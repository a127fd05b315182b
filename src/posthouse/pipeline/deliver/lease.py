"""A worker's right to deliver: a lease in the database, marks outside the process, and the gate that asks both.

Lease and heartbeat are measured on the monotonic clock of this process, from before the renewal was asked
for: the database can only believe that the lease lasts longer than we do.
"""

from datetime import datetime, timedelta
from typing import Final

from posthouse.model.clock import Clock
from posthouse.model.outcome import Delivered, InDoubt, Outcome
from posthouse.model.queue import LeasedDelivery
from posthouse.model.worker import Mark, MarkedDelivery
from posthouse.store.queue.marks import Marks

LEASE: Final = timedelta(seconds=10)
HEARTBEAT: Final = timedelta(seconds=2)
MARGIN: Final = timedelta(seconds=1)


class Lease:
    """``worker`` is the id in the database; ``held()`` says whether it may still act."""

    def __init__(self, worker: int, marks: Marks, clock: Clock) -> None:
        """Made right after registration."""
        self.worker = worker
        self.marks = marks
        self._clock = clock
        self._until = 0.0
        self.stopping = False

    def renewed(self, asked_at: float) -> None:
        """The database said yes to a renewal asked for at ``asked_at`` (monotonic seconds)."""
        self._until = asked_at + (LEASE - MARGIN).total_seconds()

    def held(self) -> bool:
        """Whether a body may still leave."""
        return self._clock.monotonic() < self._until and not self.marks.revoked


class DeliveryGate:
    """Asked once, just before the body: unexpired, lease held, mark made."""

    def __init__(self, lease: Lease, delivery: LeasedDelivery, clock: Clock) -> None:
        """Shut until asked."""
        self._lease = lease
        self._claimed = delivery
        self._clock = clock
        self._slot: int | None = None

    def open(self) -> bool:
        """True: the delivery may have left from now on."""
        if self._clock.now() >= self._claimed.expires_at or not self._lease.held():
            return False
        delivery = self._claimed
        self._slot = self._lease.marks.make(MarkedDelivery(delivery.message, delivery.position, delivery.number))
        return self._slot is not None

    @property
    def opened(self) -> bool:
        """Whether the body may have left."""
        return self._slot is not None

    def answered(self, said: Outcome) -> None:
        """They answered: a yes is remembered outside the process until it is settled, a no means that nothing left."""
        if self._slot is None:
            return
        if isinstance(said, Delivered):
            self._lease.marks.answered(self._slot, Mark.DELIVERED if said.final else Mark.SENT)
        elif not isinstance(said, InDoubt):
            self.settled()

    def settled(self) -> None:
        """The outcome is durable: the mark is needed no more."""
        if self._slot is not None:
            self._lease.marks.clear(self._slot)
            self._slot = None


def lease_until(now: datetime) -> datetime:
    """What is asked of the database."""
    return now + LEASE
