"""The page of alerts over HTTP and a real database."""

import pytest

from posthouse.model.event import EventType
from posthouse.model.send_request import Environment
from posthouse.store.postgres.database import Database
from tests.doors.api.system.test_alerts import BRAKE, told
from tests.support.http_door import HttpDoor, open_door
from tests.support.payloads import PAYLOADS
from tests.support.postgres import NOW


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """The HTTP door, whose `/alerts` is the page."""
    return await open_door(database, NOW)


async def shown(door: HttpDoor, path: str = "/alerts", **query: str) -> str:
    answer = await door.ask("GET", path, key=None, query=query)
    assert answer.status == 200, answer.body
    return answer.body.decode()


async def test_without_alerts_it_says_that_nothing_needs_you(door: HttpDoor) -> None:
    page = await shown(door)
    assert "Nothing needs you" in page
    assert 'href="/"' in page
    assert 'class="count"' not in page


async def test_it_says_what_happened_and_what_to_do_in_both_environments(door: HttpDoor) -> None:
    await told(door, EventType.ALERT_SUPPRESSION_BRAKE, BRAKE)
    await told(
        door, EventType.ALERT_WEBHOOK_DISABLED, {"host": "app.example", "endpointId": "whk_1"}, environment=Environment.TEST
    )
    await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 4711}, tenant=2)
    page = await shown(door)
    assert page.index("app.example") < page.index("google.com")
    assert "posthouse suppression undo --provider google.com" in page.replace("<bdi>", "").replace("</bdi>", "")
    assert page.count('class="test"') == 1
    assert "4711" not in page


async def test_the_first_page_leads_to_it_and_counts_those_of_the_last_day(door: HttpDoor) -> None:
    for _ in range(3):
        await told(door, EventType.ALERT_SUPPRESSION_BRAKE, BRAKE)
    page = await shown(door, "/")
    assert 'href="/alerts"' in page
    assert '<b class="count" title="within the last day">3</b>' in page


async def test_older_ones_are_a_page_away(door: HttpDoor) -> None:
    for number in range(30):
        await told(door, EventType.ALERT_SUPPRESSION_GROWTH, {"added": 1000 + number})
    first = await shown(door)
    place = first.replace("&#x2f;", "/").partition('href="/alerts?before=')[2].partition('"')[0]
    second = await shown(door, before=place)
    pages = [[n for n in range(30) if f"day {1000 + n} addresses" in page] for page in (first, second)]
    assert pages == [list(range(5, 30)), list(range(5))]


async def test_what_it_does_not_know_is_told(door: HttpDoor) -> None:
    for query in ({"before": "x"}, {"befor": "x"}):
        assert (await door.ask("GET", "/alerts", key=None, query=query)).status == 422, query


async def test_only_this_machine_may_see_it_and_it_may_load_nothing(door: HttpDoor) -> None:
    far = await door.ask("GET", "/alerts", key=None, peer=("192.0.2.1", 5))
    rebound = await door.ask("GET", "/alerts", key=None, headers={"Host": "evil.example"})
    assert (far.code(), rebound.code()) == ("forbidden", "forbidden")
    assert (await door.ask("GET", "/alerts", key=None)).headers["content-security-policy"].startswith("default-src 'none'")


async def test_what_a_remote_server_wrote_is_text(door: HttpDoor) -> None:
    for payload in PAYLOADS:
        if payload.isprintable():
            await told(
                door,
                EventType.ALERT_DELIVERY_FAILED,
                {"reply": payload, "route": payload, "messageType": payload, payload: payload},
            )
    page = await shown(door)
    assert "<script" not in page
    assert "<img" not in page


async def test_a_database_without_a_tenant_says_what_to_do(door: HttpDoor, database: Database) -> None:
    async with database.session() as connection:
        await connection.execute("delete from credential")
        await connection.execute("delete from tenant")
    assert "posthouse init" in await shown(door)
