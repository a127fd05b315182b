"""What intake must know of a tenant, cached for a few seconds: its defaults, domains, flows, templates, brand, streams, types.

``for_send`` collects what one request needs, with one look-up for each fact.

Known sharp edges: a domain that was just added or revoked is seen after at most the cache's time; a brand or a stream
that was changed as well, and a type that was removed. A type or a stream that was just created is looked up when it is first
named.
"""

from datetime import timedelta
from typing import Final

import msgspec

from posthouse.mail.address import parse_mailbox
from posthouse.model.brand import Brand
from posthouse.model.clock import Clock
from posthouse.model.domain import DomainFact
from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import Caller, FieldError, SendRequest
from posthouse.model.stream import Stream, default
from posthouse.model.template import TemplateVersion
from posthouse.pipeline.accept.active_templates import ActiveTemplates
from posthouse.pipeline.accept.branding import declares_brand
from posthouse.policy import types
from posthouse.policy.accept import admit
from posthouse.policy.accept.admit import TypeAndStream
from posthouse.policy.accept.streams import unknown
from posthouse.policy.types import OwnTypes, own_types
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import brands, message_types, streams, tenants
from posthouse.store.tenants.domains import Domains
from posthouse.store.ttl_cache import TtlCache

MEMORY: Final = timedelta(seconds=3)


class TenantSender(msgspec.Struct, frozen=True):
    """The tenant's own default From and Reply-To."""

    default_from: Mailbox | None
    reply_to: tuple[Mailbox, ...]


class StreamFacts(msgspec.Struct, frozen=True):
    """A stream's settings, and its From and Reply-To, parsed; None and () where none is set.

    ``error``: what is wrong where the tenant has no such stream; None where it has.
    """

    settings: Stream
    sender: Mailbox | None
    reply_to: tuple[Mailbox, ...]
    error: FieldError | None = None


class SendFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the store knows for one request.

    ``default_from``: who it is from where the request does not say. ``domain``: the tenant's domain of the name in From.
    ``brand``: an empty one where nothing in the mail depends on it.
    """

    type_and_stream: TypeAndStream
    tenant: TenantSender
    stream: StreamFacts
    default_from: Mailbox | None
    domain: DomainFact | None
    brand: Brand


_NO_TENANT: Final = TenantSender(None, ())
_NO_BRAND: Final = Brand()


class TenantFacts:
    """One per process."""

    def __init__(self, database: Database, domains: Domains, clock: Clock) -> None:
        self._database = database
        self._domains = domains
        self._flows: dict[tuple[int, int, str], int] = {}
        seconds, monotonic = MEMORY.total_seconds(), clock.monotonic
        self._tenants = TtlCache(self._find_tenant, seconds, monotonic)
        self._brands = TtlCache(self._find_brand, seconds, monotonic)
        self._streams = TtlCache(self._find_stream, seconds, monotonic)
        self._types = TtlCache(self._find_types, seconds, monotonic)
        self.templates = ActiveTemplates(database, clock)

    async def for_send(self, caller: Caller, request: SendRequest, template: TemplateVersion | None) -> SendFacts:
        """Everything for one request. Errors: what Postgres raises."""
        type_and_stream = await self.type_and_stream(caller, request, None if template is None else template.type)
        tenant = await self.tenant(caller.tenant)
        stream = await self.stream(caller.tenant, type_and_stream.stream)
        default_from = (None if template is None else template.sender) or stream.sender or tenant.default_from
        header_from = request.sender or default_from
        # Only commercial mail prints the brand's address, and only a template that declares the brand shows it.
        branded = type_and_stream.message_class is MessageClass.COMMERCIAL or (template is not None and declares_brand(template))
        return SendFacts(
            type_and_stream=type_and_stream,
            tenant=tenant,
            stream=stream,
            default_from=default_from,
            domain=None if header_from is None else await self.domain(caller.tenant, header_from.domain),
            brand=await self.brand(caller.tenant) if branded else _NO_BRAND,
        )

    async def type_and_stream(self, caller: Caller, request: SendRequest, template_type: str | None) -> TypeAndStream:
        """What a request is sent as; the tenant's own types are looked up only for a name that is not built in."""
        name = admit.type_name(request, caller, template_type)
        own_types: OwnTypes = {} if name in types.BY_NAME else await self.own_types(caller.tenant, name)
        return admit.resolve_type_and_stream(request, caller, template_type, own_types)

    async def tenant(self, tenant: int) -> TenantSender:
        """Defaults of a tenant."""
        return await self._tenants.get(tenant) or _NO_TENANT

    async def domain(self, tenant: int, name: str) -> DomainFact | None:
        """What the tenant has of a domain."""
        return await self._domains.facts(tenant, name)

    async def brand(self, tenant: int) -> Brand:
        """How the tenant's mail looks."""
        return await self._brands.get(tenant) or _NO_BRAND

    async def stream(self, tenant: int, name: str) -> StreamFacts:
        """What the tenant set for a stream. That there is none is never remembered, so a new one is usable at once."""
        return await self._streams.get((tenant, name)) or await self._no_stream(tenant, name)

    async def own_types(self, tenant: int, name: str = "") -> OwnTypes:
        """The tenant's own types; looked up anew where none of that name is cached."""
        cached = await self._types.get(tenant) or {}
        if not name or name in cached:
            return cached
        self._types.forget(tenant)
        return await self._types.get(tenant) or {}

    def forget(self, tenant: int) -> None:
        """The tenant's own settings, brand, streams or types were changed."""
        self._tenants.forget(tenant)
        self._brands.forget(tenant)
        self._types.forget(tenant)
        self._streams.forget_where(lambda key: key[0] == tenant)

    async def flow(self, tenant: int, environment: int, stream: str) -> int:
        """The number under which shares are counted; inserted if the stream is new, and never changed."""
        key = (tenant, environment, stream)
        number = self._flows.get(key)
        if number is None:
            async with self._database.session() as session:
                number = self._flows[key] = await accept.flow(session, tenant, environment, stream)
        return number

    async def _find_tenant(self, tenant: int) -> TenantSender | None:
        stored = await tenants.by_id(self._database, tenant)
        if stored is None:
            return None
        reply_to = _mailbox(stored.reply_to)
        return TenantSender(_mailbox(stored.default_from), () if reply_to is None else (reply_to,))

    async def _find_types(self, tenant: int) -> OwnTypes:
        async with self._database.session() as session:
            return own_types(await message_types.current(session, tenant))

    async def _find_brand(self, tenant: int) -> Brand:
        return await brands.get(self._database, tenant)

    async def _no_stream(self, tenant: int, name: str) -> StreamFacts:
        async with self._database.session() as session:
            known = await streams.names(session, tenant)
        return StreamFacts(default(name), None, (), FieldError("stream", unknown(name, known)))

    async def _find_stream(self, key: tuple[int, str]) -> StreamFacts | None:
        settings = await streams.find(self._database, *key)
        if settings is None:
            return None
        reply_to = _mailbox(settings.reply_to)
        return StreamFacts(settings, _mailbox(settings.sender), () if reply_to is None else (reply_to,))


def _mailbox(text: str | None) -> Mailbox | None:
    parsed = parse_mailbox(text) if text else None
    return parsed if isinstance(parsed, Mailbox) else None
