"""Message types that a tenant made: added, named wherever a type is named, refused where unknown, and removed."""

from typing import Any

import pytest

from posthouse.policy.types import BY_NAME
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW

UPDATE = {"name": "order_update", "parent": "shipping_update", "description": "Order under way"}
NOTE: dict[str, Any] = {"name": "note", "type": "order_update", "subject": "Your order", "text": "It is under way."}


async def made(door: HttpDoor, **changed: Any) -> dict[str, Any]:
    answer = await door.ask("POST", "/v1/types", UPDATE | changed)
    assert answer.status == 201, answer.body
    return dict(answer.json())


async def test_a_type_is_made_seen_and_removed(door: HttpDoor) -> None:
    view = await made(door)
    assert view | {"createdAt": None} == UPDATE | {
        "source": "own",
        "class": "transactional",
        "lane": "routine",
        "createdAt": None,
    }
    assert (await door.ask("GET", "/v1/types/order_update")).json() == view
    assert (await door.ask("GET", "/v1/types/order_update", key=door.stranger)).status == 404
    listed = (await door.ask("GET", "/v1/types", query={"limit": "200"})).json()["data"]
    assert [each["name"] for each in listed] == ["order_update", *BY_NAME]
    assert [each["parent"] for each in listed] == ["shipping_update", *[None] * len(BY_NAME)]
    first = (await door.ask("GET", "/v1/types", query={"limit": "5"})).json()
    rest = (await door.ask("GET", "/v1/types", query={"limit": "200", "cursor": first["nextCursor"]})).json()["data"]
    assert first["data"] + rest == listed
    assert (await door.ask("DELETE", "/v1/types/order_update")).status == 204
    assert (await door.ask("DELETE", "/v1/types/order_update")).status == 404
    assert (await door.ask("GET", "/v1/types/order_update")).status == 404
    await made(door, parent="receipt")
    trail = (await door.ask("GET", "/v1/audit", query={"subject": "type/order_update"})).json()["data"]
    assert [each["action"] for each in trail] == ["type.created", "type.removed", "type.created"]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"name": "receipt"}, "name"),
        ({"name": "Order_Update"}, "name"),
        ({"name": "order-update"}, "name"),
        ({"name": None}, "name"),
        ({"name": "a" * 65}, "name"),
        ({"parent": "recept"}, "parent"),
        ({"parent": None}, "parent"),
        ({"parent": "taken"}, "parent"),
        ({"name": "taken"}, "name"),
        ({"about": "x"}, "about"),
        ({"description": "a\nb"}, "description"),
    ],
)
async def test_what_makes_no_type_is_refused_with_the_reason(door: HttpDoor, changed: dict[str, Any], path: str) -> None:
    await made(door, name="taken")
    refused = await door.ask(
        "POST", "/v1/types", {name: value for name, value in (UPDATE | changed).items() if value is not None}
    )
    assert (refused.status, set(refused.faults())) == (422, {path})
    if changed.get("parent") == "recept":
        assert "Did you mean 'receipt'?" in refused.faults()["parent"]


async def test_a_message_of_it_has_the_parents_terms_and_its_own_name(door: HttpDoor) -> None:
    await made(door)
    asked = {"to": "jane@example.com", "subject": "Hello", "text": "Hello"}
    own, parent = [
        (await door.ask("POST", "/v1/send", asked | {"type": type}, query={"dryRun": "true"})).json()["explanation"]
        for type in ("order_update", "shipping_update")
    ]
    assert (own["type"], parent["type"]) == ("order_update", "shipping_update")
    assert {**own, "type": "", "preview": ""} == {**parent, "type": "", "preview": ""}
    sent = await door.send(type="order_update")
    assert (await door.ask("GET", f"/v1/messages/{sent['id']}")).json()["type"] == "order_update"
    found = (await door.ask("GET", "/v1/messages", query={"type": "order_update"})).json()["data"]
    assert [each["id"] for each in found] == [sent["id"]]


async def test_a_template_a_key_and_a_batch_may_name_it(door: HttpDoor) -> None:
    await made(door, parent="password_reset")
    await door.ask("POST", "/v1/templates", NOTE)
    key = (await door.ask("POST", "/v1/keys", {"type": "order_update"})).json()
    assert key["type"] == "order_update"
    asked = {"to": "jane@example.com", "from": "shop@shop.example", "subject": "Hello", "text": "Hello"}
    batch = (await door.ask("POST", "/v1/send/batch", {"messages": [asked | {"type": "order_update"}]})).json()["results"]
    sent = [await door.send(template="note", subject=None, text=None), await door.send(key=key["key"]), batch[0]]
    for each in sent:
        view = (await door.ask("GET", f"/v1/messages/{each['id']}")).json()
        assert view["type"] == "order_update"
    lint = (await door.ask("GET", "/v1/templates/note/lint")).json()["findings"]
    assert any(finding["rule"].startswith("auth-") for finding in lint), lint


async def test_an_unknown_type_is_refused_with_the_nearest_name_also_beside_other_faults(door: HttpDoor) -> None:
    await made(door)
    asked = {"to": "jane@example.com", "subject": "Hello", "text": "Hello", "type": "order_updat"}
    for body in (asked, asked | {"to": "nobody"}):
        refused = await door.ask("POST", "/v1/send", body)
        assert (refused.status, "Did you mean 'order_update'?" in refused.faults()["type"]) == (422, True)
    assert (await door.ask("POST", "/v1/send", asked)).json()["detail"].endswith("Did you mean 'order_update'?")
    known = await door.ask("POST", "/v1/send", asked | {"to": "nobody", "type": "order_update"})
    assert set(known.faults()) == {"to"}
    assert (await door.ask("POST", "/v1/send", asked | {"type": "order_update"}, key=door.stranger)).status == 422
    assert "Did you mean" in (await door.ask("POST", "/v1/keys", {"type": "order_updat"})).faults()["type"]
    assert "Did you mean" in (await door.ask("POST", "/v1/templates", NOTE | {"type": "order_updat"})).faults()["type"]


async def test_a_type_that_is_in_use_says_where_and_stays(door: HttpDoor) -> None:
    await made(door)
    await door.ask("POST", "/v1/templates", NOTE)
    key = (await door.ask("POST", "/v1/keys", {"type": "order_update"})).json()
    refused = await door.ask("DELETE", "/v1/types/order_update")
    assert (refused.status, set(refused.faults())) == (422, {"template/note", f"key/{key['id']}"})
    await door.ask("DELETE", f"/v1/keys/{key['id']}")
    assert set((await door.ask("DELETE", "/v1/types/order_update")).faults()) == {"template/note"}
    await door.ask("POST", "/v1/templates/note/versions/1/retire")
    sent = await door.send(type="order_update")
    assert (await door.ask("DELETE", "/v1/types/order_update")).status == 204
    assert (await door.ask("DELETE", "/v1/types/receipt")).faults().keys() == {"name"}
    assert (await door.ask("GET", f"/v1/messages/{sent['id']}")).json()["type"] == "order_update"
    assert (
        await door.ask("POST", "/v1/send", {"to": "a@x.example", "subject": "x", "text": "x", "type": "order_update"})
    ).status == 422
    back = await door.ask("POST", "/v1/templates/note/versions/1/activate")
    assert (back.status, set(back.faults())) == (422, {"type"})


async def test_what_was_sent_can_be_sent_again_when_its_type_is_gone(door: HttpDoor, database: Database) -> None:
    await made(door)
    sent = await door.send(type="order_update", key=door.live)
    await door.ask("DELETE", "/v1/types/order_update")
    async with database.session() as connection:
        await connection.execute("delete from queue")
    again = (await door.ask("POST", f"/v1/messages/{sent['id']}/resend", key=door.live)).json()
    assert again["id"] != sent["id"]
    async with database.session() as connection:
        queued = [tuple(row) for row in await connection.fetch("select type, parent, lane from queue")]
    assert queued == [("order_update", "shipping_update", 2)]


async def test_a_type_that_another_process_made_is_known_at_once(door: HttpDoor, database: Database) -> None:
    other = await open_door_of_the_same(database, door)
    await door.send(type="receipt")
    assert (
        await door.ask("POST", "/v1/send", {"to": "a@x.example", "subject": "x", "text": "x", "type": "order_update"})
    ).status == 422
    assert (await other.ask("POST", "/v1/types", UPDATE, key=door.live)).status == 201
    await door.send(type="order_update")


async def open_door_of_the_same(database: Database, door: HttpDoor) -> HttpDoor:
    return await open_door(database, NOW, clock=door.clock)
