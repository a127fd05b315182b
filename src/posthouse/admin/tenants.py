"""A tenant and its credentials: the first of an installation, made once (`posthouse init`, `make run`), and every other one (`posthouse tenant add`)."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from posthouse.model.send_request import Environment
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import credentials, tenants


class SmtpLogin(msgspec.Struct, frozen=True):
    """For SMTP submission, live."""

    username: str
    password: str


class NewTenant(msgspec.Struct, frozen=True, rename="camel"):
    """What is printed once and never to be had again (contract, `posthouse init --json`)."""

    tenant: str
    live_key: str
    test_key: str
    smtp: SmtpLogin


async def create_first(database: Database, random: Callable[[int], bytes], now: datetime, hostname: str) -> NewTenant | None:
    """Make the first tenant; None, and nothing made, where there is one already."""
    if await tenants.first(database) is not None:
        return None
    domain = hostname if "." in hostname else "posthouse.localhost"
    return await add(database, random, now, "default", sender=f"Posthouse <noreply@{domain}>")


async def add(
    database: Database, random: Callable[[int], bytes], now: datetime, name: str, *, sender: str | None = None, reply_to: str | None = None
) -> NewTenant:  # fmt: skip
    """Make a tenant with a live key, a test key and an SMTP login. ``sender``, ``reply_to``: of its messages that do not say."""
    tenant = await tenants.create(database, name, now, default_from=sender or None, reply_to=reply_to or None)
    _, live = await credentials.create_api_key(database, tenant.id, Environment.LIVE, now=now, random=random, name="first")
    _, test = await credentials.create_api_key(database, tenant.id, Environment.TEST, now=now, random=random, name="first")
    login, password = await credentials.create_smtp_login(
        database, tenant.id, Environment.LIVE, now=now, random=random, name="first"
    )
    return NewTenant(tenant.ref, live, test, SmtpLogin(login.lookup, password))
