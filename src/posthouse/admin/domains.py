"""The domains mail is sent from: added with their keys, trusted by the operator, and the DNS records to publish for them."""

from collections.abc import Sequence

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.domain import DnsRecord, Domain
from posthouse.store.tenants import domains, streams


async def list_domains(context: AdminContext, actor: Actor) -> list[Domain]:
    """The tenant's, newest first."""
    return await domains.list_domains(context.database(actor), actor.tenant)


async def get_domain(context: AdminContext, actor: Actor, name: str) -> Domain | None:
    """One of them. ``name``: an A-label, lower case."""
    return await domains.get(context.database(actor), actor.tenant, name)


async def add(context: AdminContext, actor: Actor, name: str, *, trust: bool) -> Domain:
    """Add a domain with its first keys; one that is there already keeps its keys and is only trusted, if ``trust``."""
    database, now = context.database(actor), context.clock.now()
    known = await domains.get(database, actor.tenant, name)
    # Making keys takes long, so it is done before the transaction, and only where they will be needed.
    keyset = await domains.generate_keyset() if known is None else None
    async with database.transaction() as session:
        if keyset is not None and await domains.add(session, context.sealer, actor.tenant, name, keyset, now):
            await record(context, session, actor, "domain.added", f"domain/{name}", {})
        if trust and await domains.trust(session, actor.tenant, name, now):
            await record(context, session, actor, "domain.trusted", f"domain/{name}", {})
        added = await domains.get_in(session, actor.tenant, name)
    assert added is not None  # noqa: S101 - domains are never deleted
    return added


async def records_of(context: AdminContext, actor: Actor, domain: Domain, hostname: str, public_host: str) -> Sequence[DnsRecord]:
    """What to publish for a domain, with the hosts that links of the tenant's streams stand on.

    ``hostname`` is the machine mail leaves from; ``public_host`` answers links.
    """
    stored = await streams.list_streams(context.database(actor), actor.tenant)
    hosts = {stream.tracking_domain for stream in stored} - {""}
    return domains.records(domain, hostname, sorted(hosts), public_host)
