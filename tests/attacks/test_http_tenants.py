"""S-22, S-28, S-32: nobody reaches what is another tenant's or environment's, and no secret comes back."""

import pytest

from posthouse.store.postgres.database import Database
from tests.support.http_door import KEYED, HttpDoor, open_door
from tests.support.postgres import NOW

LETTER = {"to": "jane@example.com", "from": "noreply@shop.example", "text": "Hello", "dedupeKey": "k"}
MARK = "a very private subject"


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """The HTTP door over an empty database."""
    return await open_door(database, NOW)


def _body(method: str, path: str) -> dict[str, str] | None:
    """A body that is right in itself, so that only the id can be wrong."""
    if method != "POST":
        return None
    return {"reason": "asked"} if path.endswith("/lift") else {}


async def test_every_route_as_another_tenant_or_environment_shows_nothing(door: HttpDoor) -> None:
    mine = await door.send(subject=MARK, dedupeKey="private", tags=["private"])
    key = (await door.ask("POST", "/v1/keys", {"name": MARK})).json()
    for stranger in (door.stranger, door.live):
        for method, path in KEYED:
            if path in {"/v1/keys", "/v1/audit"} and stranger == door.live:
                continue  # a live key may see the test keys of its tenant, and who changed them
            for known in (mine["id"], key["id"]):
                answer = await door.ask(method, path.replace("{id}", known), _body(method, path), key=stranger)
                assert MARK.encode() not in answer.body, (method, path)
                if "{id}" in path and not (path.startswith("/v1/keys") and stranger == door.live):
                    assert answer.status == 404, (method, path)
    assert (await door.ask("GET", f"/v1/messages/{mine['id']}")).json()["status"] == "queued"


async def test_a_dedupe_key_belongs_to_a_tenant_and_an_environment(door: HttpDoor) -> None:
    answers = [await door.ask("POST", "/v1/send", LETTER, key=key) for key in (door.test, door.live, door.stranger)]
    assert [answer.status for answer in answers] == [202, 202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 3


async def test_what_is_stored_opens_no_door(door: HttpDoor, database: Database) -> None:
    async with database.session() as connection:
        rows = await connection.fetch("select * from credential")
    for row in rows:
        for value in row.values():
            for shown in (str(value), value.hex() if isinstance(value, bytes) else ""):
                assert (await door.ask("GET", "/v1/messages", key=shown or "x")).status == 401


async def test_a_key_of_the_sandbox_does_not_learn_of_live_keys_in_the_audit_trail(door: HttpDoor) -> None:
    key = (await door.ask("POST", "/v1/keys", {"name": MARK}, key=door.live)).json()
    assert MARK in str((await door.ask("GET", "/v1/audit", key=door.live)).json())
    for path in ("/v1/audit", f"/v1/audit?subject=key/{key['id']}"):
        trail = (await door.ask("GET", path)).json()
        assert MARK not in str(trail), path
