"""The feed of events: oldest first, without gaps, as webhooks would tell them."""

import asyncio

from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor


async def test_an_event_says_what_it_is_about(door: HttpDoor) -> None:
    sent = await door.send(tags=["a"], metadata={"b": "c"}, dedupeKey="k")
    page = (await door.ask("GET", "/v1/events")).json()
    event = page["data"][0]
    assert (event["type"], event["timestamp"]) == ("message.queued", "2026-11-23T12:00:00.000Z")
    assert event["data"] == {
        "messageId": sent["id"],
        "recipient": "jane@example.com",
        "messageType": "transactional",
        "stream": "transactional",
        "environment": "test",
        "dedupeKey": "k",
        "tags": ["a"],
        "metadata": {"b": "c"},
        "sequence": 1,
    }


async def test_a_reader_goes_on_from_the_last_it_saw(door: HttpDoor) -> None:
    sent = [(await door.send())["id"] for _ in range(5)]
    first = (await door.ask("GET", "/v1/events", query={"limit": 2})).json()
    rest = (await door.ask("GET", "/v1/events", query={"after": first["nextCursor"]})).json()
    assert [event["data"]["messageId"] for event in first["data"] + rest["data"]] == sent
    assert rest["nextCursor"] is None
    assert (await door.ask("GET", "/v1/events", query={"after": rest["data"][-1]["id"]})).json()["data"] == []


async def test_what_commits_late_is_never_passed_over(door: HttpDoor, database: Database) -> None:
    async with database.session() as late, database.session() as other:
        open_one = late.transaction()
        await open_one.start()
        await late.execute("select pg_current_xact_id()")
        await door.send()
        assert (await door.ask("GET", "/v1/events")).json()["data"] == []
        await open_one.commit()
        await other.execute("select 1")
    for _ in range(50):
        if (await door.ask("GET", "/v1/events")).json()["data"]:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the event never came")


async def test_a_place_that_is_none_is_named(door: HttpDoor) -> None:
    await door.send(key=door.live)
    live = (await door.ask("GET", "/v1/events", key=door.live)).json()["data"][0]["id"]
    for after in ("evt_00000000000000000000000000", "msg_x", live):
        assert list((await door.ask("GET", "/v1/events", query={"after": after})).faults()) == ["after"]


async def test_events_stay_in_their_environment_and_tenant(door: HttpDoor) -> None:
    await door.send()
    for key in (door.live, door.stranger):
        assert (await door.ask("GET", "/v1/events", key=key)).json()["data"] == []
