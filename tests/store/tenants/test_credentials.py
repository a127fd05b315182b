"""Credentials: who may, as whom, and for how long after it was taken back."""

import os
from datetime import timedelta

import pytest

from posthouse.model import ids
from posthouse.model.send_request import Environment
from posthouse.model.tenant import Tenant
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import credentials, tenants
from posthouse.store.tenants.credentials import REMEMBERED, Credentials
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW
from tests.support.writes import write


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await write(database, tenants.create, "Shop", NOW)


@pytest.mark.parametrize("environment", list(Environment))
async def test_an_api_key_says_who_calls_and_where(database: Database, tenant: Tenant, environment: Environment) -> None:
    made, secret = await write(
        database,
        credentials.create_api_key,
        tenant.id,
        environment,
        now=NOW,
        random=os.urandom,
        default_type="receipt",
        default_stream="orders",
    )
    assert secret.startswith(f"ph_{environment.name.lower()}_")
    caller = await Credentials(database, FakeClock()).by_key(secret)
    assert caller is not None
    assert (caller.tenant, caller.tenant_ref, caller.environment, caller.door) == (tenant.id, tenant.ref, environment, "http")
    assert (caller.default_type, caller.default_stream, caller.credential) == ("receipt", "orders", ids.text("key", made.id))


async def test_only_the_whole_secret_opens(database: Database, tenant: Tenant) -> None:
    made, secret = await write(database, credentials.create_api_key, tenant.id, Environment.LIVE, now=NOW, random=os.urandom)
    known = Credentials(database, FakeClock())
    wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    for shown in (
        "",
        made.lookup,
        wrong,
        secret + "x",
        secret.upper(),
        "ph_live_",
        "Bearer " + secret,
        "ph_live_" + "\0" * 42,
        "ph_live_" + "ü" * 42,
    ):
        assert await known.by_key(shown) is None


async def test_a_login_opens_with_its_own_password_only(database: Database, tenant: Tenant) -> None:
    login, password = await write(
        database, credentials.create_smtp_login, tenant.id, Environment.LIVE, now=NOW, random=os.urandom
    )
    known = Credentials(database, FakeClock())
    caller = await known.by_login(login.lookup, password)
    assert caller is not None
    assert (caller.environment, caller.door) == (Environment.LIVE, "smtp")
    for username, shown in (
        (login.lookup, "wrong"),
        ("ph-unknown", password),
        ("", ""),
        ("a\0b", password),
        ("ü", "ü"),
        ("\udcff", "\udcff"),
    ):
        assert await known.by_login(username, shown) is None
    assert await known.by_key(password) is None


@pytest.mark.parametrize("environment", list(Environment))
async def test_an_api_key_is_a_password_for_any_user_name(database: Database, tenant: Tenant, environment: Environment) -> None:
    _, secret = await write(database, credentials.create_api_key, tenant.id, environment, now=NOW, random=os.urandom)
    caller = await Credentials(database, FakeClock()).by_login("whoever", secret)
    assert caller is not None
    assert (caller.environment, caller.door) == (environment, "smtp")


async def test_a_revoked_key_is_refused_once_it_is_forgotten(database: Database, tenant: Tenant) -> None:
    made, secret = await write(database, credentials.create_api_key, tenant.id, Environment.LIVE, now=NOW, random=os.urandom)
    clock = FakeClock()
    known = Credentials(database, clock)
    assert await known.by_key(secret) is not None
    assert await write(database, credentials.revoke, tenant.id, made.id, NOW)
    assert await known.by_key(secret) is not None
    clock.advance(timedelta(seconds=REMEMBERED))
    assert await known.by_key(secret) is None
    assert not await write(database, credentials.revoke, tenant.id, made.id, NOW)


async def test_nobody_revokes_or_lists_another_tenants_keys(database: Database, tenant: Tenant) -> None:
    other = await write(database, tenants.create, "Other", NOW)
    made, _ = await write(
        database, credentials.create_api_key, tenant.id, Environment.LIVE, now=NOW, random=os.urandom, name="ci"
    )
    assert not await write(database, credentials.revoke, other.id, made.id, NOW)
    assert await credentials.list_credentials(database, other.id) == []
    assert await credentials.list_credentials(database, tenant.id) == [made]


async def test_the_database_never_holds_a_secret(database: Database, tenant: Tenant) -> None:
    _, secret = await write(database, credentials.create_api_key, tenant.id, Environment.LIVE, now=NOW, random=os.urandom)
    _, password = await write(database, credentials.create_smtp_login, tenant.id, Environment.LIVE, now=NOW, random=os.urandom)
    async with database.session() as connection:
        kept = str(await connection.fetch("select c::text from credential c"))
    assert secret[18:] not in kept
    assert password not in kept
