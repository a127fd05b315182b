"""Sending domains, shown."""

from collections.abc import Sequence

from posthouse.model.domain import DnsRecord, Domain
from posthouse.model.views.domains import CheckedRecord, DomainCheck, DomainDetail, DomainPage, DomainView


def domain_view(domain: Domain) -> DomainView:
    """A domain."""
    return DomainView(name=domain.name, status=domain.status, created_at=domain.created_at)


def domain_page(domains: Sequence[Domain]) -> DomainPage:
    """All of them."""
    return DomainPage(data=[domain_view(each) for each in domains], next_cursor=None)


def domain_detail(domain: Domain, records: Sequence[DnsRecord]) -> DomainDetail:
    """A domain with what to publish for it."""
    return DomainDetail(name=domain.name, status=domain.status, created_at=domain.created_at, records=tuple(records))


def domain_check(domain: Domain, records: Sequence[CheckedRecord]) -> DomainCheck:
    """A domain with what DNS has of it."""
    return DomainCheck(name=domain.name, status=domain.status, created_at=domain.created_at, records=tuple(records))
