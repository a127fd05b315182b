"""A rotation of the secret key: what rests for long goes over to the new one, and an old one that is needed is missed."""

import os
from uuid import UUID

import pytest

from posthouse.model.keys import EndpointKey
from posthouse.store.installation.reseal import find_unreadable, reseal
from posthouse.store.postgres.database import Database
from posthouse.store.seal import SealBroken, Sealer
from posthouse.store.tenants import tenants
from posthouse.store.tenants.domains import Domains
from posthouse.store.webhooks import endpoints
from tests.support.accepted import SEALER, message_row, put
from tests.support.postgres import NOW
from tests.support.writes import add_domain, write

NEW, BOTH = Sealer(("new",), os.urandom), Sealer(("new", "test"), os.urandom)
OLD = Sealer(("test",), os.urandom)
SECRET = b"s" * 24


async def _filled(database: Database) -> EndpointKey:
    tenant = await write(database, tenants.create, "Shop", NOW)
    await add_domain(database, OLD, tenant.id, "shop.example", True, NOW)
    place = EndpointKey(tenant.id, 0, UUID(int=7))
    await write(database, endpoints.create, OLD, place, "https://shop.example/hook", SECRET, NOW, most=1)
    return place


async def test_signing_keys_and_webhook_secrets_open_under_the_new_key_alone(database: Database) -> None:
    place = await _filled(database)
    assert await find_unreadable(database, NEW) == "2 signing keys and 1 secrets of webhooks"
    assert await find_unreadable(database, BOTH) is None
    await reseal(database, BOTH)
    assert await find_unreadable(database, NEW) is None
    assert len(await Domains(database, NEW).signing_keys(place.tenant, "shop.example", 1)) == 2
    async with database.session() as connection:
        assert await endpoints.secrets(connection, NEW, place, NOW) == [SECRET]


async def test_what_no_key_opens_is_left_as_it_is(database: Database) -> None:
    place = await _filled(database)
    await reseal(database, NEW)
    assert len(await Domains(database, OLD).signing_keys(place.tenant, "shop.example", 1)) == 2


async def test_content_that_waits_keeps_its_key_and_misses_it(database: Database) -> None:
    await put(database, message_row(NOW))
    assert await find_unreadable(database, SEALER) is None
    await reseal(database, SEALER)
    assert await find_unreadable(database, NEW) == "1 queued messages"


def test_only_what_rests_under_another_key_is_sealed_anew() -> None:
    assert BOTH.resealed(NEW.seal(b"x", b"b"), NEW.key_id, b"b") is None
    anew = BOTH.resealed(OLD.seal(b"x", b"b"), OLD.key_id, b"b")
    assert anew is not None
    assert NEW.open(anew, NEW.key_id, b"b") == b"x"
    with pytest.raises(SealBroken):
        NEW.resealed(OLD.seal(b"x", b"b"), OLD.key_id, b"b")
