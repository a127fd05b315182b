"""A sending domain: its DKIM keys, its status, and the DNS records to publish for it."""

from datetime import datetime
from typing import Protocol

import msgspec


class PublicKey(msgspec.Struct, frozen=True):
    """A DKIM key as the world sees it; ``public`` is what stands in the record's ``p=``."""

    keyset: int
    algorithm: str
    selector: str
    public: str


class Domain(msgspec.Struct, frozen=True):
    """A sending domain of a tenant.

    ``trusted_at``: since when the operator vouches for it. ``verified_at``: when DNS proved it. ``keys``: all that are not
    retired.
    """

    id: int
    name: str
    keyset: int
    trusted_at: datetime | None
    verified_at: datetime | None
    created_at: datetime
    keys: tuple[PublicKey, ...] = ()

    @property
    def status(self) -> str:
        """The contract's word: verified, trusted or pending."""
        return "verified" if self.verified_at else "trusted" if self.trusted_at else "pending"


class DomainFact(msgspec.Struct, frozen=True):
    """What intake asks of a header-from domain."""

    id: int
    keyset: int
    trusted: bool
    verified: bool


class DnsRecord(msgspec.Struct, frozen=True):
    """A record to publish; ``purpose``: dkim, spf, return_path, dmarc or tracking."""

    purpose: str
    type: str
    name: str
    value: str


class SenderDomain(Protocol):
    """What the gate must know of a domain."""

    @property
    def trusted(self) -> bool:
        """The operator vouched for it."""
        ...

    @property
    def verified(self) -> bool:
        """DNS said that it is this tenant's."""
        ...
