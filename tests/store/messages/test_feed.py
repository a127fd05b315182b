"""A reader that keeps a place sees every event once, in order, whatever commits late and whoever else is there."""

import asyncio
import re
from datetime import timedelta

import asyncpg
import pytest

from posthouse.model import ids
from posthouse.model.keys import EventCursor
from posthouse.store.messages import feed
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW

TENANT, TEST = 1, 0


async def told(database: Database, place: EventCursor, count: int, tenant: int = TENANT) -> tuple[list[str], EventCursor]:
    """The messages of the next events, once there are so many: what another test's transaction holds up comes in a moment."""
    found: list[str] = []
    for _ in range(200):
        events, place = await feed.events_from(database, tenant, TEST, place, 2)
        found += (str(event.message) for event in events)
        if len(found) >= count and len(events) < 2:
            return found, place
        await asyncio.sleep(0.01)
    raise AssertionError(found)


async def messages(door: HttpDoor, count: int) -> list[str]:
    return [str(ids.parse("msg", (await door.send())["id"])) for _ in range(count)]


async def test_a_reader_sees_what_comes_after_it_began_and_all_of_it_once(database: Database) -> None:
    door = await open_door(database, NOW)
    await messages(door, 3)
    _, place = await told(database, EventCursor("0"), 3)
    sent = await messages(door, 5)
    found, place = await told(database, place, 5)
    assert found == sent
    assert (await told(database, place, 0))[0] == []


async def test_what_commits_late_is_seen_also_by_one_whose_place_moved_on(database: Database) -> None:
    door = await open_door(database, NOW)
    async with database.session() as late:
        transaction = late.transaction()
        await transaction.start()
        await late.execute("select pg_current_xact_id()")
        begun = await feed.place_now(database)
        sent = await messages(door, 2)
        events, place = await feed.events_from(database, TENANT, TEST, begun, 10)
        assert events == []
        await transaction.commit()
    assert (await told(database, place, 2))[0] == sent


@pytest.mark.parametrize("where", ["this database", "another database of the server"])
async def test_a_transaction_of_somebody_else_holds_up_nothing(database: Database, database_dsn: str, where: str) -> None:
    dsn = database_dsn if where == "this database" else re.sub(r"/[^/?]+\?", "/postgres?", database_dsn)
    stranger = await asyncpg.connect(dsn, server_settings={"application_name": "a nightly report"})
    try:
        await stranger.execute("begin")
        await stranger.execute("select pg_current_xact_id()")
        door = await open_door(database, NOW)
        begun = await feed.place_now(database)
        sent = await messages(door, 2)
        assert (await told(database, begun, 2))[0] == sent
        assert [str(event.message) for event in await feed.events_after(database, TENANT, TEST, None, 10) or ()] == sent
    finally:
        await stranger.close()


async def test_a_place_moves_on_while_others_write_and_nothing_of_ones_own_happens(database: Database) -> None:
    door = await open_door(database, NOW)
    begun = await feed.place_now(database)
    await messages(door, 3)
    _, place = await told(database, begun, 0, tenant=2)
    for _ in range(200):
        events, place = await feed.events_from(database, 2, TEST, place, 10)
        assert events == []
        if int(place.xid) > int(begun.xid):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(place)


async def test_a_reader_may_begin_in_the_past(database: Database) -> None:
    door = await open_door(database, NOW)
    await messages(door, 1)
    door.clock.advance(timedelta(minutes=5))
    sent = await messages(door, 2)
    place = await feed.place_at(database, TENANT, TEST, NOW + timedelta(minutes=1))
    assert (await told(database, place, 2))[0] == sent
