"""API keys over HTTP, and what a key may not do."""

import pytest

from tests.support.http_door import HttpDoor


async def test_a_new_key_works_and_its_secret_is_shown_once(door: HttpDoor) -> None:
    await door.make_streams("shop")
    made = await door.ask("POST", "/v1/keys", {"name": "checkout", "type": "receipt", "stream": "shop"})
    assert made.status == 201
    key = made.json()
    assert key["key"].startswith("ph_test_")
    assert key["key"].startswith(key["prefix"])
    assert (await door.send(key=key["key"]))["id"]
    listed = (await door.ask("GET", "/v1/keys")).json()["data"]
    mine = next(each for each in listed if each["id"] == key["id"])
    assert mine == {name: value for name, value in key.items() if name != "key"}
    assert key["key"] not in (await door.ask("GET", "/v1/keys")).body.decode()


async def test_a_revoked_key_ends(door: HttpDoor) -> None:
    made = (await door.ask("POST", "/v1/keys", {})).json()
    gone = await door.ask("DELETE", f"/v1/keys/{made['id']}")
    assert (gone.status, gone.body) == (204, b"")
    refused = await door.ask("GET", "/v1/keys", key=made["key"])
    assert (refused.status, refused.code()) == (401, "unauthenticated")
    assert (await door.ask("DELETE", f"/v1/keys/{made['id']}")).status == 404


async def test_a_test_key_makes_sees_and_revokes_test_keys_only(door: HttpDoor) -> None:
    refused = await door.ask("POST", "/v1/keys", {"environment": "live"})
    assert (refused.status, refused.code()) == (403, "forbidden")
    assert {key["environment"] for key in (await door.ask("GET", "/v1/keys")).json()["data"]} == {"test"}
    live = (await door.ask("GET", "/v1/keys", key=door.live)).json()["data"]
    assert {key["environment"] for key in live} == {"live", "test"}
    target = next(key for key in live if key["environment"] == "live")
    assert (await door.ask("DELETE", f"/v1/keys/{target['id']}")).status == 404


async def test_a_live_key_makes_both(door: HttpDoor) -> None:
    for environment in ("live", "test"):
        made = await door.ask("POST", "/v1/keys", {"environment": environment}, key=door.live)
        assert made.json()["key"].startswith(f"ph_{environment}_")
    assert (await door.ask("POST", "/v1/keys", {}, key=door.live)).json()["environment"] == "live"


async def test_keys_are_paged(door: HttpDoor) -> None:
    for _ in range(3):
        await door.ask("POST", "/v1/keys", {})
    first = (await door.ask("GET", "/v1/keys", query={"limit": 2})).json()
    rest = (await door.ask("GET", "/v1/keys", query={"limit": 2, "cursor": first["nextCursor"]})).json()
    seen = [key["id"] for key in first["data"] + rest["data"]]
    assert len(seen) == len(set(seen)) == 4
    assert rest["nextCursor"] is None


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"type": "lottery"}, "type"),
        ({"environment": "prod"}, "environment"),
        ({"nam": "x"}, "nam"),
    ],
)
async def test_a_key_asked_for_wrongly_is_named(door: HttpDoor, body: dict[str, str], path: str) -> None:
    answer = await door.ask("POST", "/v1/keys", body)
    assert (answer.status, list(answer.faults())) == (422, [path])


async def test_a_stranger_sees_none_of_them(door: HttpDoor) -> None:
    mine = (await door.ask("GET", "/v1/keys")).json()["data"]
    theirs = (await door.ask("GET", "/v1/keys", key=door.stranger)).json()["data"]
    assert not {key["id"] for key in mine} & {key["id"] for key in theirs}
    assert (await door.ask("DELETE", f"/v1/keys/{mine[0]['id']}", key=door.stranger)).status == 404
