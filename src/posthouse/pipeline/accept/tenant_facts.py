"""What intake must know of a tenant, from a memory of a few seconds: its defaults, domains, flows, templates, brand, streams, types.

Known sharp edges: a domain that was just added or revoked is seen after at most the memory's length; a brand or a stream
that was changed as well, and a type that was removed. A type that was just made is asked for when it is first named.
"""

from datetime import timedelta
from typing import Final

import msgspec

from posthouse.mail.address import parse_mailbox
from posthouse.model.brand import Brand
from posthouse.model.clock import Clock
from posthouse.model.domain import DomainFact
from posthouse.model.mailbox import Mailbox
from posthouse.model.stream import Stream, default
from posthouse.pipeline.accept.active_templates import ActiveTemplates
from posthouse.policy.types import OwnTypes, own_types
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import brands, message_types, streams, tenants
from posthouse.store.tenants.domains import Domains
from posthouse.store.ttl_cache import TtlCache

MEMORY: Final = timedelta(seconds=3)


class TenantSender(msgspec.Struct, frozen=True):
    """The tenant's own sender and reply address."""

    default_from: Mailbox | None
    reply_to: tuple[Mailbox, ...]


_NOBODY: Final = TenantSender(None, ())


class TenantFacts:
    """One per process."""

    def __init__(self, database: Database, domains: Domains, clock: Clock) -> None:
        """Nothing is remembered yet."""
        self._database = database
        self._domains = domains
        self._flows: dict[tuple[int, int, str], int] = {}
        seconds, ticks = MEMORY.total_seconds(), clock.monotonic
        self._tenants = TtlCache(self._find_tenant, seconds, ticks)
        self._brands = TtlCache(self._find_brand, seconds, ticks)
        self._streams = TtlCache(self._find_stream, seconds, ticks)
        self._types = TtlCache(self._find_types, seconds, ticks)
        self.templates = ActiveTemplates(database, clock)

    async def tenant(self, tenant: int) -> TenantSender:
        """Defaults of a tenant."""
        return await self._tenants.get(tenant) or _NOBODY

    async def domain(self, tenant: int, name: str) -> DomainFact | None:
        """What the tenant has of a domain."""
        return await self._domains.facts(tenant, name)

    async def brand(self, tenant: int) -> Brand:
        """How the tenant's mail looks."""
        return await self._brands.get(tenant) or Brand()

    async def stream(self, tenant: int, name: str) -> Stream:
        """What the tenant set for a stream; its defaults where it set nothing."""
        return await self._streams.get((tenant, name)) or default(name)

    async def own_types(self, tenant: int, wanted: str = "") -> OwnTypes:
        """The types that the tenant made; asked for anew where none of the wanted name is remembered."""
        known = await self._types.get(tenant) or {}
        if not wanted or wanted in known:
            return known
        self._types.forget(tenant)
        return await self._types.get(tenant) or {}

    async def reply_to(self, tenant: int, stream: str) -> tuple[Mailbox, ...]:
        """Whom readers of a stream's mail answer; () where nobody was set."""
        found = _mailbox((await self.stream(tenant, stream)).reply_to)
        return () if found is None else (found,)

    async def sender(self, tenant: int, stream: str) -> Mailbox | None:
        """Who a stream's mail is from where a message does not say: the stream's, else the tenant's."""
        return _mailbox((await self.stream(tenant, stream)).sender) or (await self.tenant(tenant)).default_from

    def forget(self, tenant: int) -> None:
        """The tenant's own settings, brand, streams or types were changed."""
        self._tenants.forget(tenant)
        self._brands.forget(tenant)
        self._types.forget(tenant)
        self._streams.forget_where(lambda key: key[0] == tenant)

    async def flow(self, tenant: int, environment: int, stream: str) -> int:
        """The number under which shares are counted; never changes once given."""
        key = (tenant, environment, stream)
        found = self._flows.get(key)
        if found is None:
            async with self._database.session() as session:
                found = self._flows[key] = await accept.flow(session, tenant, environment, stream)
        return found

    async def _find_tenant(self, tenant: int) -> TenantSender | None:
        found = await tenants.by_id(self._database, tenant)
        if found is None:
            return None
        default_from, reply_to = _mailbox(found.default_from), _mailbox(found.reply_to)
        return TenantSender(default_from, () if reply_to is None else (reply_to,))

    async def _find_types(self, tenant: int) -> OwnTypes:
        async with self._database.session() as session:
            return own_types(await message_types.current(session, tenant))

    async def _find_brand(self, tenant: int) -> Brand:
        return await brands.get(self._database, tenant)

    async def _find_stream(self, asked: tuple[int, str]) -> Stream:
        return await streams.get(self._database, *asked)


def _mailbox(text: str | None) -> Mailbox | None:
    parsed = parse_mailbox(text) if text else None
    return parsed if isinstance(parsed, Mailbox) else None
