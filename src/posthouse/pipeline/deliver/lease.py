"""A worker's right to deliver: a lease in the database, marks outside the process, and the gate that looks at both.

Validity is measured on the monotonic clock of this process, from before the renewal was sent: so the database can
only believe that the lease lasts longer than we do, never shorter, and what it gives to another worker we have
stopped touching.
"""

from datetime import datetime, timedelta
from typing import Final

from posthouse.model.clock import Clock
from posthouse.model.outcome import Delivered, InDoubt, Outcome
from posthouse.model.queue import LeasedDelivery
from posthouse.model.worker import Mark
from posthouse.store.queue.marks import Marks

LEASE: Final = timedelta(seconds=10)
HEARTBEAT: Final = timedelta(seconds=2)
MARGIN: Final = timedelta(seconds=1)


class Lease:
    """``worker`` is the id in the database; ``is_valid`` says whether it may still act."""

    def __init__(self, worker: int, marks: Marks, clock: Clock) -> None:
        self.worker = worker
        self.marks = marks
        self._clock = clock
        self._until = 0.0

    def extend(self, requested_at: float) -> None:
        """The database granted a renewal that was requested at ``requested_at`` (monotonic seconds)."""
        self._until = requested_at + (LEASE - MARGIN).total_seconds()

    def is_valid(self) -> bool:
        """Whether a body may still leave."""
        return self._clock.monotonic() < self._until and not self.marks.revoked


class DeliveryGate:
    """Opened once, just before the body leaves: unexpired, lease valid, mark made."""

    def __init__(self, lease: Lease, delivery: LeasedDelivery, clock: Clock) -> None:
        self._lease = lease
        self._delivery = delivery
        self._clock = clock
        self._slot: int | None = None

    def open(self) -> bool:
        """True: the delivery may have left from now on."""
        if self._clock.now() >= self._delivery.expires_at or not self._lease.is_valid():
            return False
        self._slot = self._lease.marks.make(self._delivery.attempt_key)
        return self._slot is not None

    @property
    def is_open(self) -> bool:
        """Whether the body may have left."""
        return self._slot is not None

    def record_outcome(self, outcome: Outcome) -> None:
        """They replied: acceptance is marked until it is settled, a refusal means that nothing left and clears the mark."""
        if self._slot is None:
            return
        if isinstance(outcome, Delivered):
            self._lease.marks.record_acceptance(self._slot, Mark.DELIVERED if outcome.final else Mark.SENT)
        elif not isinstance(outcome, InDoubt):
            self.clear()

    def clear(self) -> None:
        """The outcome is durable, or nothing left: the mark is not needed any more."""
        if self._slot is not None:
            self._lease.marks.clear(self._slot)
            self._slot = None


def lease_until(now: datetime) -> datetime:
    """The end of a lease that begins now, as it is written into the database."""
    return now + LEASE
