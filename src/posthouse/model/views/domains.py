"""Sending domains as the command line shows them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from posthouse.model.domain import DnsRecord


class DomainView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A domain. ``status`` trusted: the operator vouches for it; verified: DNS shows that it is the tenant's."""

    name: str
    status: str
    created_at: datetime


class DomainDetail(DomainView, frozen=True, kw_only=True, rename="camel"):
    """A domain with the records to publish for it."""

    records: tuple[DnsRecord, ...]


class CheckedRecord(Struct, frozen=True):
    """A record that should be published, and ``found``: what DNS has instead or besides, or why it did not answer."""

    purpose: str
    type: str
    name: str
    value: str
    status: Literal["found", "missing", "different", "unknown"]
    found: tuple[str, ...]


class DomainCheck(DomainView, frozen=True, kw_only=True, rename="camel"):
    """A domain with its records as DNS has them now."""

    records: tuple[CheckedRecord, ...]


class DomainPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """Domains, newest first."""

    data: list[DomainView]
    next_cursor: str | None
