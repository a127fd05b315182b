"""What intake must know of a tenant, from a memory of a few seconds: its defaults, its domains, its flows.

Known sharp edges: a domain that was just added or revoked is seen after at most the memory's length.
"""

from datetime import timedelta
from typing import Final

import msgspec

from posthouse.mail.address import parse_mailbox
from posthouse.model.mailbox import Mailbox
from posthouse.net.clock import Clock
from posthouse.store import accept, tenants
from posthouse.store.database import Database
from posthouse.store.domains import DomainFact, Domains

MEMORY: Final = timedelta(seconds=3)


class TenantFacts(msgspec.Struct, frozen=True):
    """The tenant's own sender and reply address."""

    default_from: Mailbox | None
    reply_to: tuple[Mailbox, ...]


class FactBook:
    """One per process."""

    def __init__(self, database: Database, domains: Domains, clock: Clock) -> None:
        """Nothing is remembered yet."""
        self._database = database
        self._domains = domains
        self._clock = clock
        self._tenants: dict[int, tuple[float, TenantFacts]] = {}
        self._flows: dict[tuple[int, int, str], int] = {}

    async def tenant(self, tenant: int) -> TenantFacts:
        """Defaults of a tenant."""
        now = self._clock.monotonic()
        known = self._tenants.get(tenant)
        if known is None or now - known[0] > MEMORY.total_seconds():
            found = await tenants.by_id(self._database, tenant)
            default_from = None if found is None else _mailbox(found.default_from)
            reply_to = None if found is None else _mailbox(found.reply_to)
            known = (now, TenantFacts(default_from, () if reply_to is None else (reply_to,)))
            self._tenants[tenant] = known
        return known[1]

    async def domain(self, tenant: int, name: str) -> DomainFact | None:
        """What the tenant has of a domain."""
        return await self._domains.facts(tenant, name)

    async def flow(self, tenant: int, environment: int, stream: str) -> int:
        """The number under which shares are counted; never changes once given."""
        key = (tenant, environment, stream)
        found = self._flows.get(key)
        if found is None:
            async with self._database.acquire() as connection:
                found = self._flows[key] = await accept.flow(connection, tenant, environment, stream)
        return found


def _mailbox(text: str | None) -> Mailbox | None:
    parsed = parse_mailbox(text) if text else None
    return parsed if isinstance(parsed, Mailbox) else None
