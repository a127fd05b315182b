"""The queue as the pipeline sees it: a leased delivery, the head of a flow, and where a row stands."""

from datetime import datetime
from enum import IntEnum
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from posthouse.model.delivery import DeliveryState

LOWEST: Final = UUID(int=0)


class QueueState(IntEnum):
    """Where a row of the queue stands; no state of the delivery."""

    READY = 0
    LEASED = 1
    WAITING = 2
    PARKED = 3


class QueueFlag(IntEnum):
    """Bits of ``queue.flags``."""

    TLS_REQUIRED = 1
    SMTPUTF8 = 2
    SIMULATOR = 4
    IN_DOUBT_BEFORE = 8
    DEFERRED_NOW = 16
    PROVISIONAL = 32  # waits because its address is suppressed provisionally


class AttemptKey(NamedTuple):
    """One attempt at one delivery. With the worker's id, ``number`` is the fencing token of the lease."""

    message: UUID
    position: int
    number: int


class LeasedDelivery(msgspec.Struct, frozen=True):
    """A leased delivery: what the worker needs, and nothing else. The fields are the columns that a claim returns, in order."""

    tenant: int
    environment: int
    message: UUID
    position: int
    lane: int
    flow: int
    deadline: datetime
    expires_at: datetime
    since: datetime
    site: str
    recipient: str
    header_domain: str
    type: str
    keep: int
    flags: int
    size: int
    route: int
    tries: int
    refusals: int
    number: int
    first_attempt_at: datetime
    keyset: int | None
    parent: str | None = None

    @property
    def built_in(self) -> str:
        """The type in table T1: its own, or the one that the tenant's behaves as."""
        return self.parent or self.type

    @property
    def attempt_key(self) -> AttemptKey:
        """The attempt that the lease is for."""
        return AttemptKey(self.message, self.position, self.number)

    @property
    def state(self) -> DeliveryState:
        """The delivery's state since its last settlement, as its flags remember it: the events are not read again."""
        if self.flags & QueueFlag.DEFERRED_NOW:
            return DeliveryState.DEFERRED
        return DeliveryState.IN_DOUBT if self.flags & QueueFlag.IN_DOUBT_BEFORE else DeliveryState.QUEUED


class FlowHead(msgspec.Struct, frozen=True):
    """The first ready row of a flow: the watermark from which a claim looks."""

    lane: int
    flow: int
    deadline: datetime
    message: UUID = LOWEST


class LateMail(msgspec.Struct, frozen=True):
    """Ready deliveries of a tenant's lane that are past a time and were never tried. ``deadline``: of the first; ``count``: up
    to a thousand.
    """

    tenant: int
    environment: int
    lane: int
    deadline: datetime
    count: int
