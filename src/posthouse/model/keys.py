"""Keys: one type for each thing that is looked up. Tenant and environment lead every one of them."""

from typing import NamedTuple
from uuid import UUID

import msgspec


class DeliveryKey(msgspec.Struct, frozen=True):
    """A delivery; for transports also what they store it under (inbox) or pass on (a vendor's idempotency key)."""

    tenant: int
    environment: int
    message: UUID
    position: int


class EndpointKey(msgspec.Struct, frozen=True):
    """A webhook endpoint."""

    tenant: int
    environment: int
    id: UUID


class EventCursor(msgspec.Struct, frozen=True):
    """A position between two events: all up to this transaction and id were read."""

    xid: str
    id: UUID = UUID(int=0)


class BucketKey(NamedTuple):
    """The rate limit bucket of a credential, for authentication mail or for the rest."""

    tenant: int
    environment: int
    credential: UUID
    authentication: bool


class LookupKey(msgspec.Struct, frozen=True):
    """An address on a suppression list, as its hash. ``flow``: of the delivery that is checked, 0 at intake."""

    tenant: int
    environment: int
    lookup: bytes
    flow: int = 0
