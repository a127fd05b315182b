"""A tenant and its credentials: the first of an installation (``posthouse init``, ``make run``), every other one, and its
settings.
"""

from collections.abc import Sequence

import msgspec

from posthouse.admin.addresses import check_addresses
from posthouse.admin.audit import difference, record
from posthouse.admin.context import AdminContext
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.credential import PREFIX, Credential
from posthouse.model.send_request import Environment, Rejection, invalid
from posthouse.model.tenant import Tenant
from posthouse.store.postgres.database import Session
from posthouse.store.tenants import credentials, tenants


class SmtpLogin(msgspec.Struct, frozen=True):
    """For SMTP submission, live."""

    username: str
    password: str


class NewTenant(msgspec.Struct, frozen=True, rename="camel"):
    """A tenant with its first secrets, which are shown once (contract, ``posthouse init --json``)."""

    tenant: str
    live_key: str
    test_key: str
    smtp: SmtpLogin


async def create_first(context: AdminContext, actor: Actor, hostname: str) -> NewTenant | None:
    """Create the first tenant; None, and nothing is created, where there is one already."""
    if await tenants.first(context.database(actor)) is not None:
        return None
    domain = hostname if "." in hostname else "posthouse.localhost"
    return await create(context, actor, "default", sender=f"Posthouse <noreply@{domain}>")


async def create(
    context: AdminContext, actor: Actor, name: str, *, sender: str | None = None, reply_to: str | None = None
) -> NewTenant:
    """Create a tenant with a live key, a test key and an SMTP login. ``sender``, ``reply_to``: of its messages that name none."""
    now = context.clock.now()
    async with context.database(actor).transaction() as session:
        tenant = await tenants.create(session, name, now, default_from=sender or None, reply_to=reply_to or None)
        live, live_key = await _api_key(context, session, tenant, Environment.LIVE)
        test, test_key = await _api_key(context, session, tenant, Environment.TEST)
        login, password = await credentials.create_smtp_login(
            session, tenant.id, Environment.LIVE, now=now, random=context.random, name="first"
        )
        data = {"name": name, "keys": _ids((live, test, login))}
        owner = msgspec.structs.replace(actor, tenant=tenant.id)  # the row stands in the new tenant's own trail
        await record(context, session, owner, "tenant.created", "tenant", data)
    return NewTenant(tenant.ref, live_key, test_key, SmtpLogin(login.lookup, password))


async def change_tenant(context: AdminContext, actor: Actor, changed: dict[str, str]) -> Tenant | Rejection:
    """Set those settings (``sender``, ``reply_to``) that are given; '' clears one."""
    if errors := check_addresses(changed):
        return invalid(*errors)
    async with context.database(actor).transaction() as session:
        before = await tenants.get_for_update(session, actor.tenant)
        sender = changed.get("sender", before.default_from or "")
        reply_to = changed.get("reply_to", before.reply_to or "")
        await tenants.put(session, actor.tenant, sender, reply_to)
        tenant = await tenants.get_for_update(session, actor.tenant)
        if tenant != before:
            data = difference(before.settings, tenant.settings)
            await record(context, session, actor, "tenant.changed", "tenant", data)
    context.forget_settings(actor.tenant)
    return tenant


async def _api_key(context: AdminContext, session: Session, tenant: Tenant, environment: Environment) -> tuple[Credential, str]:
    return await credentials.create_api_key(
        session, tenant.id, environment, now=context.clock.now(), random=context.random, name="first"
    )


def _ids(created: Sequence[Credential]) -> list[str]:
    return [ids.text(PREFIX, credential.id) for credential in created]
