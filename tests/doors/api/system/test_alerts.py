"""Alerts over HTTP: in words, newest first, of the key's own tenant and environment."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from posthouse.model.event import EventType
from posthouse.model.send_request import Environment
from posthouse.store.messages import events
from tests.support.http_door import HttpDoor

BRAKE = {
    "provider": "google.com",
    "attempts": 60,
    "hard": 58,
    "base": 0.004,
    "provisional": 31,
    "until": "2026-11-23T13:00:00.000Z",
}


async def told(
    door: HttpDoor, type: EventType, data: dict[str, Any], *, tenant: int = 1, environment: Environment = Environment.LIVE
) -> UUID:
    """An alert, a minute after the one before."""
    door.clock.advance(timedelta(minutes=1))
    now, new = door.clock.now(), door.parts.new_id(door.clock.now())
    async with door.parts.database.session() as connection:
        await events.append(connection, tenant, int(environment), new, type.value, now, data)
    return new


async def listed(door: HttpDoor, key: str | None = None, **query: Any) -> dict[str, Any]:
    answer = await door.ask("GET", "/v1/alerts", key=key or door.live, query=query)
    assert answer.status == 200, answer.body
    return dict(answer.json())


async def test_an_alert_says_what_happened_and_what_to_do(door: HttpDoor) -> None:
    await told(door, EventType.ALERT_SUPPRESSION_BRAKE, BRAKE)
    [alert] = (await listed(door))["data"]
    assert (alert["type"], alert["severity"], alert["at"]) == ("alert.suppression_brake", "critical", "2026-11-23T12:01:00.000Z")
    assert alert["id"].startswith("evt_")
    assert "58 of the last 60 answers" in alert["summary"]
    assert any("suppression undo --provider google.com" in step["command"] for step in alert["advice"])
    assert (alert["data"], alert["messageId"]) == (BRAKE, None)


async def test_the_newest_is_first_and_pages_follow(door: HttpDoor) -> None:
    await door.send(door.live)  # an event that is no alert
    for day in range(5):
        await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 100 + day, "usual": 3.0})
    seen, cursor = [], None
    while True:
        page = await listed(door, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [alert["data"]["added"] for alert in page["data"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert seen == [104, 103, 102, 101, 100]


async def test_a_key_sees_the_alerts_of_its_tenant_and_environment_only(door: HttpDoor) -> None:
    await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 1})
    await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 2}, environment=Environment.TEST)
    await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 3}, tenant=2)
    seen = [
        [alert["data"]["added"] for alert in (await listed(door, key))["data"]] for key in (door.live, door.test, door.stranger)
    ]
    assert seen == [[1], [2], [3]]


async def test_they_are_narrowed_by_type_and_time(door: HttpDoor) -> None:
    await told(door, EventType.ALERT_WEBHOOK_DISABLED, {"host": "app.example"})
    await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 7})
    for query, types in (
        ({"type": "alert.webhook_disabled"}, ["alert.webhook_disabled"]),
        ({"since": "2026-11-23T12:02:00Z"}, ["alert.suppression_growth"]),
        ({"until": "2026-11-23T12:01:30Z"}, ["alert.webhook_disabled"]),
        ({"type": "alert.delivery_failed"}, []),
    ):
        assert [alert["type"] for alert in (await listed(door, **query))["data"]] == types, query
    for wrong in ({"type": "alert.nothing"}, {"kind": "x"}, {"limit": 0}, {"cursor": "x"}):
        assert (await door.ask("GET", "/v1/alerts", key=door.live, query=wrong)).status == 422, wrong


async def test_they_are_found_over_an_index_of_their_own(door: HttpDoor) -> None:
    async with door.parts.database.session() as connection:
        plan = "\n".join(
            row[0]
            for row in await connection.fetch(
                "explain select id from event where tenant = 1 and environment = 1 and type like 'alert.%' and id < $1 order "
                "by id desc limit 5",
                UUID(int=(1 << 128) - 1),
            )
        )
    assert "~~" not in plan, plan  # the index has the condition, so nothing is filtered by it
