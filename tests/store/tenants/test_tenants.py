"""Tenants: made once each, found by reference and by number."""

from posthouse.store.postgres.database import Database
from posthouse.store.tenants import tenants
from tests.support.postgres import NOW
from tests.support.writes import write


async def test_the_first_tenant_stays_the_first(database: Database) -> None:
    assert await tenants.first(database) is None
    one = await write(database, tenants.create, "Shop", NOW, default_from="Shop <noreply@shop.example>")
    two = await write(database, tenants.create, "Shop", NOW, reply_to="help@shop.example")
    assert await tenants.first(database) == one
    assert one.ref != two.ref
    assert (one.default_from, two.reply_to) == ("Shop <noreply@shop.example>", "help@shop.example")


async def test_a_tenant_is_found_by_reference_and_by_number(database: Database) -> None:
    made = await write(database, tenants.create, "Shop", NOW)
    assert await tenants.by_ref(database, made.ref) == await tenants.by_id(database, made.id) == made
    assert await tenants.by_ref(database, "t999") is None
    assert await tenants.by_id(database, 999) is None
