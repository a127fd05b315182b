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
from posthouse.store.postgres.database import Session
from posthouse.store.tenants import domains, link_hosts, streams


async def create_stream(context: AdminContext, actor: Actor, name: str, settings: dict[str, Any]) -> Stream | Rejection:
    """A new stream; settings that are left out have their defaults."""
    checked = await _check(context, actor, settings)
    if isinstance(checked, Rejection):
        return checked
    if name in streams.KNOWN:
        return _taken(name)
    stream = msgspec.structs.replace(default(name), **checked)
    async with context.database(actor).transaction() as session:
        if not await streams.add(session, actor.tenant, stream, context.clock.now()):
            return _taken(name)
        await _add_link_host(context, session, actor, stream)
        await record(context, session, actor, "stream.created", f"stream/{name}", difference(default(name), stream))
    context.forget_settings(actor.tenant)
    return stream


async def change_stream(context: AdminContext, actor: Actor, name: str, changed: dict[str, Any]) -> Stream | Rejection:
    """Set those settings of a stream that are given."""
    checked = await _check(context, actor, changed)
    if isinstance(checked, Rejection):
        return checked
    async with context.database(actor).transaction() as session:
        before = await streams.get_for_update(session, actor.tenant, name)
        stream = msgspec.structs.replace(before, **checked)
        if stream != before:
            await streams.put(session, actor.tenant, stream, context.clock.now())
            if stream.tracking_domain != before.tracking_domain:
                await _add_link_host(context, session, actor, stream)
            await record(context, session, actor, "stream.changed", f"stream/{name}", difference(before, stream))
    context.forget_settings(actor.tenant)
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
    return Rejection("validation_failed", detail, (FieldError("name", "is taken by a stream of your own"),))
