"""The queue as the rest of the house sees it: a leased delivery, the head of a flow, and where a row stands."""

from datetime import datetime
from enum import IntEnum
from typing import Final
from uuid import UUID

import msgspec

LOWEST: Final = UUID(int=0)


class QueueState(IntEnum):
    """Where a row stands."""

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
    HELD = 32  # waits because its address is on the list provisionally


class LeasedDelivery(msgspec.Struct, frozen=True):
    """A leased delivery: what the worker needs, and nothing else. Order as in ``_RETURNED``."""

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


class FlowHead(msgspec.Struct, frozen=True):
    """The first ready row of a flow."""

    lane: int
    flow: int
    deadline: datetime
    message: UUID = LOWEST
