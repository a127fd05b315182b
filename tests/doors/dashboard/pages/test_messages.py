"""The dashboard over HTTP and a real database."""

import pytest

from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.payloads import PAYLOADS
from tests.support.postgres import NOW


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """The HTTP door, whose `/` is the dashboard."""
    return await open_door(database, NOW)


async def test_the_page_shows_both_environments_of_the_first_tenant(door: HttpDoor) -> None:
    await door.send(subject="From a test")
    await door.send(key=door.live, subject="For the world")
    await door.send(key=door.stranger, subject="Somebody else's")
    answer = await door.ask("GET", "/", key=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = answer.body.decode()
    assert page.index("For the world") < page.index("From a test")
    assert "Somebody else" not in page


async def test_the_page_is_narrowed(door: HttpDoor) -> None:
    await door.send(subject="From a test", to="bob@example.com")
    await door.send(key=door.live, subject="For the world")
    for query, seen in (
        ({"environment": "live"}, ["For the world"]),
        ({"environment": "test"}, ["From a test"]),
        ({"q": "bob@EXAMPLE.com"}, ["From a test"]),
        ({"status": "queued"}, ["From a test", "For the world"]),
        ({"status": "bounced", "environment": ""}, []),
    ):
        page = (await door.ask("GET", "/", key=None, query=query)).body.decode()
        assert [text for text in ("From a test", "For the world") if text in page] == seen, query


async def test_older_messages_are_a_page_away(door: HttpDoor) -> None:
    for number in range(60):
        await door.send(key=door.live if number % 2 else door.test, subject=f"No {number:02}.")
    first = (await door.ask("GET", "/", key=None)).body.decode()
    place = first.replace("&#x2f;", "/").partition('href="/?before=')[2].partition('"')[0]
    second = (await door.ask("GET", "/", key=None, query={"before": place})).body.decode()
    pages = [[n for n in range(60) if f"No {n:02}." in page] for page in (first, second)]
    assert pages == [list(range(10, 60)), list(range(10))]


async def test_a_wrong_filter_is_told_and_shows_nothing(door: HttpDoor) -> None:
    await door.send(subject="From a test")
    for query in ({"status": "lost"}, {"environment": "prod"}, {"q": "nobody"}, {"before": "x"}, {"stauts": "sent"}):
        answer = await door.ask("GET", "/", key=None, query=query)
        assert (answer.status, b"From a test" in answer.body) == (422, False), query


async def test_only_this_machine_may_see_it(door: HttpDoor) -> None:
    far = await door.ask("GET", "/", key=None, peer=("192.0.2.1", 5))
    rebound = await door.ask("GET", "/", key=None, headers={"Host": "evil.example"})
    assert (far.status, far.code()) == (403, "forbidden")
    assert (rebound.status, rebound.code()) == (403, "forbidden")


async def test_the_page_may_load_run_and_frame_nothing(door: HttpDoor) -> None:
    headers = (await door.ask("GET", "/", key=None)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"], headers["cache-control"]) == (
        "nosniff",
        "no-referrer",
        "no-store",
    )


async def test_a_hostile_subject_is_text(door: HttpDoor) -> None:
    payloads = [payload for payload in PAYLOADS if payload.isprintable()]
    for payload in payloads:
        await door.send(subject=payload)
    page = (await door.ask("GET", "/", key=None)).body.decode()
    assert "<script" not in page
    assert "<img" not in page
    assert "{{7*7}}" in page


async def test_a_database_without_a_tenant_says_what_to_do(database: Database) -> None:
    door = await open_door(database, NOW)
    async with database.session() as connection:
        await connection.execute("delete from credential")
        await connection.execute("delete from tenant")
    assert b"posthouse init" in (await door.ask("GET", "/", key=None)).body
