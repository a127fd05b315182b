"""The first tenant of an installation and its credentials, made once (`posthouse init`, `make run`)."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from posthouse.model.send_request import Environment
from posthouse.store import credentials, tenants
from posthouse.store.database import Database


class SmtpLogin(msgspec.Struct, frozen=True):
    """For SMTP submission, live."""

    username: str
    password: str


class Founded(msgspec.Struct, frozen=True, rename="camel"):
    """What is printed once and never to be had again (contract, `posthouse init --json`)."""

    tenant: str
    live_key: str
    test_key: str
    smtp: SmtpLogin


async def found(database: Database, random: Callable[[int], bytes], now: datetime, hostname: str) -> Founded | None:
    """Make the first tenant; None, and nothing made, where there is one already."""
    if await tenants.first(database) is not None:
        return None
    domain = hostname if "." in hostname else "posthouse.localhost"
    tenant = await tenants.create(database, "default", now, default_from=f"Posthouse <noreply@{domain}>")
    _, live = await credentials.create_api_key(database, tenant.id, Environment.LIVE, now=now, random=random, name="first")
    _, test = await credentials.create_api_key(database, tenant.id, Environment.TEST, now=now, random=random, name="first")
    login, password = await credentials.create_smtp_login(
        database, tenant.id, Environment.LIVE, now=now, random=random, name="first"
    )
    return Founded(tenant.ref, live, test, SmtpLogin(login.lookup, password))
