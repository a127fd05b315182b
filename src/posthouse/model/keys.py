"""What things are found by: one key type for each thing. Tenant and environment lead every one of them."""

from typing import NamedTuple
from uuid import UUID

import msgspec


class DeliveryKey(msgspec.Struct, frozen=True):
    """Which delivery this is, for transports that keep it (inbox) or pass it on (a vendor's idempotency key)."""

    tenant: int
    environment: int
    message: UUID
    position: int


class EndpointKey(msgspec.Struct, frozen=True):
    """Whose endpoint, and which."""

    tenant: int
    environment: int
    id: UUID


class EventCursor(msgspec.Struct, frozen=True):
    """Between two events: all up to this transaction and id was seen."""

    xid: str
    id: UUID = UUID(int=0)


class BucketKey(NamedTuple):
    """Whose, and for which mail."""

    tenant: int
    environment: int
    credential: UUID
    authentication: bool


class LookupKey(msgspec.Struct, frozen=True):
    """An address of somebody's list. ``flow``: of the delivery that is checked."""

    tenant: int
    environment: int
    lookup: bytes
    flow: int = 0
