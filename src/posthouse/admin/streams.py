"""A tenant's streams: created, and set to what their mail needs."""

from typing import Any

import msgspec

from posthouse.admin.addresses import check_addresses
from posthouse.admin.audit import difference, record
from posthouse.admin.context import AdminContext
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.actor import Actor
from posthouse.model.send_request import FieldError, Rejection, invalid
from posthouse.model.stream import Stream, default
from posthouse.policy.accept.streams import MOST, unknown
from posthouse.store.postgres.database import Database, Session
from posthouse.store.tenants import domains, link_hosts, streams


async def create_stream(context: AdminContext, actor: Actor, name: str, settings: dict[str, Any]) -> Stream | Rejection:
    """A new stream; settings that are left out have their defaults."""
    checked = await _check(context, actor, settings)
    if isinstance(checked, Rejection):
        return checked
    async with context.database(actor).transaction() as session:
        await streams.lock(session, actor.tenant)
        known = await streams.names(session, actor.tenant)
        if name in known:
            return _taken(name)
        stream = await _create(context, session, actor, msgspec.structs.replace(default(name), **checked), len(known))
    context.forget_settings(actor.tenant)
    return stream


async def put_stream(context: AdminContext, actor: Actor, name: str, changed: dict[str, Any]) -> Stream | Rejection:
    """Set those settings of a stream that are given; one that does not exist is made."""
    return await _change(context, actor, name, changed, makes=True)


async def change_stream(context: AdminContext, actor: Actor, name: str, changed: dict[str, Any]) -> Stream | Rejection:
    """Set those settings of a stream that are given; ``not_found`` where it does not exist."""
    return await _change(context, actor, name, changed, makes=False)


async def find_stream(database: Database, tenant: int, name: str) -> Stream | Rejection:
    """A stream of the tenant's; ``not_found`` with the nearest name where there is none."""
    stream = await streams.find(database, tenant, name)
    if stream is not None:
        return stream
    async with database.session() as session:
        return _missing(name, await streams.names(session, tenant))


async def check_streams(session: Session, tenant: int, named: dict[str, str | None]) -> tuple[FieldError, ...]:
    """The errors for those streams that do not exist, by the path at which each is named; None names none."""
    sought = {path: name for path, name in named.items() if name is not None and name not in streams.KNOWN}
    if not sought:
        return ()
    known = await streams.names(session, tenant)
    return tuple(FieldError(path, unknown(name, known)) for path, name in sought.items() if name not in known)


async def refuse_unknown(database: Database, tenant: int, named: dict[str, str | None]) -> Rejection | None:
    """The same for a request that changes none: its refusal, or None where every stream exists."""
    if all(name is None or name in streams.KNOWN for name in named.values()):
        return None
    async with database.session() as session:
        errors = await check_streams(session, tenant, named)
    return invalid(*errors) if errors else None


async def _change(context: AdminContext, actor: Actor, name: str, changed: dict[str, Any], *, makes: bool) -> Stream | Rejection:
    checked = await _check(context, actor, changed)
    if isinstance(checked, Rejection):
        return checked
    async with context.database(actor).transaction() as session:
        await streams.lock(session, actor.tenant)
        known = await streams.names(session, actor.tenant)
        if name in known:
            stream = await _set(context, session, actor, await streams.get_for_update(session, actor.tenant, name), checked)
        elif makes:
            made = msgspec.structs.replace(default(name), **checked)
            created = await _create(context, session, actor, made, len(known))
            if isinstance(created, Rejection):
                return created
            stream = created
        else:
            return _missing(name, known)
    context.forget_settings(actor.tenant)
    return stream


async def _set(context: AdminContext, session: Session, actor: Actor, before: Stream, checked: dict[str, Any]) -> Stream:
    stream = msgspec.structs.replace(before, **checked)
    if stream != before:
        await streams.put(session, actor.tenant, stream, context.clock.now())
        if stream.tracking_domain != before.tracking_domain:
            await _add_link_host(context, session, actor, stream)
        await record(context, session, actor, "stream.changed", f"stream/{before.name}", difference(before, stream))
    return stream


async def _create(context: AdminContext, session: Session, actor: Actor, stream: Stream, count: int) -> Stream | Rejection:
    """Enter a stream beside the ``count`` that the tenant has; the tenant's streams are locked."""
    if count >= MOST:
        return Rejection("conflict", f"A tenant has at most {MOST} streams, and this one has {count}; use one of them.")
    await streams.put(session, actor.tenant, stream, context.clock.now())
    await _add_link_host(context, session, actor, stream)
    data = difference(default(stream.name), stream)
    await record(context, session, actor, "stream.created", f"stream/{stream.name}", data)
    return stream


async def _add_link_host(context: AdminContext, session: Session, actor: Actor, stream: Stream) -> None:
    """Links of mail that was sent already stay good, so a host is only ever added."""
    if stream.tracking_domain:
        await link_hosts.add(session, actor.tenant, stream.tracking_domain, context.clock.now())


async def _check(context: AdminContext, actor: Actor, settings: dict[str, Any]) -> dict[str, Any] | Rejection:
    """The settings, with ``tracking_domain`` in the form it has in links; or why they cannot be."""
    if errors := check_addresses(settings):
        return invalid(*errors)
    if not settings.get("tracking_domain"):
        return settings
    host = await _own_host(context, actor, settings["tracking_domain"])
    return host if isinstance(host, Rejection) else settings | {"tracking_domain": host}


async def _own_host(context: AdminContext, actor: Actor, text: str) -> str | Rejection:
    """The host as it stands in links: below a domain of the tenant's that is trusted or verified, so that nobody takes
    another's.
    """
    mailbox = parse_mailbox(f"postmaster@{text.strip()}")
    if isinstance(mailbox, AddressFault) or mailbox.domain.startswith("["):
        return invalid(FieldError("trackingDomain", "must be a host name such as links.shop.example"))
    stored = await domains.list_domains(context.database(actor), actor.tenant)
    own = [domain.name for domain in stored if domain.trusted_at or domain.verified_at]
    host = mailbox.domain.lower()
    if not any(host.endswith(f".{name}") for name in own):
        known = f"; yours are {', '.join(own[:10])}" if own else "; there is none yet: `posthouse domain add NAME`"
        return invalid(FieldError("trackingDomain", f"must be below a domain of yours that is verified or trusted{known}"))
    return host


def _taken(name: str) -> Rejection:
    detail = f"There is a stream {name!r} already; PATCH /v1/streams/{name} changes it."
    return Rejection("conflict", detail, (FieldError("name", "is taken by a stream of your own"),))


def _missing(name: str, known: frozenset[str]) -> Rejection:
    return Rejection("not_found", f"The stream {unknown(name, known)}.")
