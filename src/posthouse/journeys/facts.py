"""What intake must know of a tenant, from a memory of a few seconds: its defaults, domains, flows, templates, brand, streams.

Known sharp edges: a domain that was just added or revoked is seen after at most the memory's length; a brand or a stream
that was changed as well.
"""

from datetime import timedelta
from typing import Final

import msgspec

from posthouse.journeys.template_book import TemplateBook
from posthouse.mail.address import parse_mailbox
from posthouse.model.mailbox import Mailbox
from posthouse.net.clock import Clock
from posthouse.store import accept, brands, streams, tenants
from posthouse.store.brands import Brand
from posthouse.store.database import Database
from posthouse.store.domains import DomainFact, Domains
from posthouse.store.streams import Stream

MEMORY: Final = timedelta(seconds=3)
MOST: Final = 10_000


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
        self._brands: dict[int, tuple[float, Brand]] = {}
        self._streams: dict[tuple[int, str], tuple[float, Stream]] = {}
        self.templates = TemplateBook(database, clock)

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

    async def brand(self, tenant: int) -> Brand:
        """How the tenant's mail looks."""
        known = self._brands.get(tenant)
        if known is None or self._is_stale(known[0]):
            known = self._brands[tenant] = (self._clock.monotonic(), await brands.get(self._database, tenant))
        return known[1]

    async def stream(self, tenant: int, name: str) -> Stream:
        """What the tenant set for a stream; its defaults where it set nothing."""
        known = self._streams.get((tenant, name))
        if known is None or self._is_stale(known[0]):
            if len(self._streams) >= MOST:
                self._streams.clear()
            known = self._streams[tenant, name] = (self._clock.monotonic(), await streams.get(self._database, tenant, name))
        return known[1]

    async def reply_to(self, tenant: int, stream: str) -> tuple[Mailbox, ...]:
        """Whom readers of a stream's mail answer; () where nobody was set."""
        found = _mailbox((await self.stream(tenant, stream)).reply_to)
        return () if found is None else (found,)

    def forget(self, tenant: int) -> None:
        """The tenant's own settings, brand or streams were changed."""
        self._tenants.pop(tenant, None)
        self._brands.pop(tenant, None)
        self._streams = {key: known for key, known in self._streams.items() if key[0] != tenant}

    async def flow(self, tenant: int, environment: int, stream: str) -> int:
        """The number under which shares are counted; never changes once given."""
        key = (tenant, environment, stream)
        found = self._flows.get(key)
        if found is None:
            async with self._database.acquire() as connection:
                found = self._flows[key] = await accept.flow(connection, tenant, environment, stream)
        return found

    def _is_stale(self, since: float) -> bool:
        return self._clock.monotonic() - since > MEMORY.total_seconds()


def _mailbox(text: str | None) -> Mailbox | None:
    parsed = parse_mailbox(text) if text else None
    return parsed if isinstance(parsed, Mailbox) else None
