"""Sending domains: two keys each, sealed, remembered, and told to DNS."""

import asyncio
import os

import pytest

from posthouse.mail import dkim
from posthouse.model.tenant import Tenant
from posthouse.store.postgres.database import Database
from posthouse.store.seal import SealBroken, Sealer
from posthouse.store.tenants import domains, tenants
from posthouse.store.tenants.domains import REMEMBERED, Domains
from tests.support.accepted import SEALER
from tests.support.postgres import NOW
from tests.support.writes import add_domain, write


@pytest.fixture
async def tenant(database: Database) -> Tenant:
    return await write(database, tenants.create, "Shop", NOW)


async def test_a_domain_comes_with_two_keys_and_is_not_trusted_by_itself(database: Database, tenant: Tenant) -> None:
    made = await add_domain(database, SEALER, tenant.id, "shop.example", False, NOW)
    assert [(k.selector, k.algorithm) for k in made.keys] == [("ph1r", "rsa-sha256"), ("ph1e", "ed25519-sha256")]
    assert (made.keyset, made.status) == (1, "pending")
    assert await domains.get(database, tenant.id, "shop.example") == made
    assert await domains.get(database, tenant.id + 1, "shop.example") is None


async def test_adding_again_keeps_the_keys_and_only_trusts(database: Database, tenant: Tenant) -> None:
    made = await add_domain(database, SEALER, tenant.id, "shop.example", False, NOW)
    again = await add_domain(database, SEALER, tenant.id, "shop.example", True, NOW)
    assert again.keys == made.keys
    assert (again.status, again.trusted_at) == ("trusted", NOW)
    assert (await add_domain(database, SEALER, tenant.id, "shop.example", False, NOW)).trusted_at == NOW
    assert await domains.list_domains(database, tenant.id) == [again]


async def test_two_who_add_at_once_get_the_same_keys(database: Database, tenant: Tenant) -> None:
    one, two = await asyncio.gather(*(add_domain(database, SEALER, tenant.id, "shop.example", True, NOW) for _ in range(2)))
    assert one == two
    assert len(one.keys) == 2


async def test_signing_keys_are_the_private_halves_rsa_first(database: Database, tenant: Tenant) -> None:
    await add_domain(database, SEALER, tenant.id, "shop.example", True, NOW)
    known = Domains(database, SEALER)
    keys = await known.signing_keys(tenant.id, "shop.example", 1)
    assert [(k.domain, k.selector) for k in keys] == [("shop.example", "ph1r"), ("shop.example", "ph1e")]
    assert await known.signing_keys(tenant.id, "shop.example", 1) is keys
    assert await known.signing_keys(tenant.id, "shop.example", 2) == ()
    assert dkim.sign(b"From: a@shop.example\r\n", b"\0" * 32, keys, NOW).count(b"DKIM-Signature:") == 2
    with pytest.raises(SealBroken):
        await Domains(database, Sealer(("another",), os.urandom)).signing_keys(tenant.id, "shop.example", 1)


async def test_facts_are_remembered_a_little_but_not_that_there_are_none(database: Database, tenant: Tenant) -> None:
    seconds = 0.0
    known = Domains(database, SEALER, lambda: seconds)
    assert await known.facts(tenant.id, "shop.example") is None
    await add_domain(database, SEALER, tenant.id, "shop.example", False, NOW)
    fact = await known.facts(tenant.id, "shop.example")
    assert fact is not None
    assert (fact.keyset, fact.trusted, fact.verified) == (1, False, False)
    await add_domain(database, SEALER, tenant.id, "shop.example", True, NOW)
    assert await known.facts(tenant.id, "shop.example") is fact
    seconds = REMEMBERED
    trusted = await known.facts(tenant.id, "shop.example")
    assert trusted is not None
    assert trusted.trusted


async def test_the_records_to_publish_are_the_keys_and_the_return_path(database: Database, tenant: Tenant) -> None:
    made = await add_domain(database, SEALER, tenant.id, "shop.example", False, NOW)
    records = domains.records(made, "mail.host.example")
    assert [(r.purpose, r.type, r.name) for r in records] == [
        ("dkim", "TXT", "ph1r._domainkey.shop.example"),
        ("dkim", "TXT", "ph1e._domainkey.shop.example"),
        ("return_path", "MX", "bounce.shop.example"),
        ("spf", "TXT", "bounce.shop.example"),
        ("dmarc", "TXT", "_dmarc.shop.example"),
    ]
    assert records[0].value == f"v=DKIM1; k=rsa; p={made.keys[0].public}"
    assert records[1].value.startswith("v=DKIM1; k=ed25519; p=")
    assert records[2].value == "10 mail.host.example."
