"""Streams over HTTP: made, changed setting by setting, listed, and obeyed by the mail that goes out on them."""

import asyncio
from typing import Any

import pytest

from tests.support.http_door import HttpDoor

ORDERS: dict[str, Any] = {
    "name": "orders",
    "from": "Shop <orders@shop.example>",
    "replyTo": "help@shop.example",
    "contentPolicy": "refuse",
}


async def test_a_stream_is_made_with_its_settings_and_mail_goes_out_by_them(door: HttpDoor) -> None:
    made = await door.ask("POST", "/v1/streams", ORDERS)
    assert made.status == 201
    assert {name: made.json()[name] for name in ORDERS} == ORDERS
    assert (made.json()["unsubscribe"], made.json()["trackOpens"], made.json()["trackingDomain"]) == (False, False, "")
    assert (await door.ask("GET", "/v1/streams/orders")).json() == made.json()
    sent = await door.send(stream="orders", **{"from": None})
    assert (await door.ask("GET", f"/v1/messages/{sent['id']}")).json()["from"] == "orders@shop.example"
    changed = (await door.ask("PATCH", "/v1/streams/orders", {"from": ""})).json()
    assert changed == made.json() | {"from": ""}
    trail = (await door.ask("GET", "/v1/audit", query={"subject": "stream/orders"})).json()["data"]
    assert [each["action"] for each in trail] == ["stream.changed", "stream.created"]
    assert trail[1]["data"]["after"] == {name: value for name, value in ORDERS.items() if name != "name"}


async def test_a_name_that_is_taken_is_refused_and_nothing_changes(door: HttpDoor) -> None:
    await door.ask("POST", "/v1/streams", ORDERS)
    await door.ask("PUT", "/v1/streams/shop", {"trackOpens": True})
    for name in ("orders", "shop", "transactional", "marketing"):
        refused = await door.ask("POST", "/v1/streams", {"name": name, "replyTo": "x@shop.example"})
        assert (refused.status, refused.code(), set(refused.faults())) == (409, "conflict", {"name"})
        assert f"PATCH /v1/streams/{name}" in refused.json()["detail"]
        assert (await door.ask("GET", f"/v1/streams/{name}")).json()["replyTo"] != "x@shop.example"
    assert (await door.ask("POST", "/v1/streams", ORDERS, key=door.stranger)).status == 201


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"name": None}, "name"),
        ({"name": "Orders"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"from": "nobody"}, "from"),
        ({"replyTo": "nobody"}, "replyTo"),
        ({"contentPolicy": "maybe"}, "contentPolicy"),
        ({"trackingDomain": "links.bank.example"}, "trackingDomain"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_makes_no_stream_is_refused_with_the_field(door: HttpDoor, wrong: dict[str, Any], path: str) -> None:
    refused = await door.ask(
        "POST", "/v1/streams", {name: value for name, value in (ORDERS | wrong).items() if value is not None}
    )
    assert (refused.status, set(refused.faults())) == (422, {path})
    assert [each["name"] for each in (await door.ask("GET", "/v1/streams")).json()["data"]] == ["marketing", "transactional"]


async def test_streams_are_listed_page_by_page(door: HttpDoor) -> None:
    for name in ("c", "a", "b"):
        await door.ask("POST", "/v1/streams", {"name": name})
    names: list[str] = []
    place: dict[str, str] = {}
    while True:
        page = (await door.ask("GET", "/v1/streams", query={"limit": "2", **place})).json()
        names += (each["name"] for each in page["data"])
        if page["nextCursor"] is None:
            break
        place = {"cursor": page["nextCursor"]}
    assert names == ["a", "b", "c", "marketing", "transactional"]
    assert (await door.ask("GET", "/v1/streams", query={"limit": "0"})).faults().keys() == {"limit"}


async def test_streams_have_defaults_and_are_changed_setting_by_setting(door: HttpDoor) -> None:
    listed = (await door.ask("GET", "/v1/streams")).json()["data"]
    assert [(each["name"], each["contentPolicy"], each["unsubscribe"]) for each in listed] == [
        ("marketing", "flag", True),
        ("transactional", "flag", False),
    ]
    changed = (await door.ask("PUT", "/v1/streams/shop", {"contentPolicy": "refuse", "replyTo": "help@shop.example"})).json()
    assert (changed["contentPolicy"], changed["replyTo"], changed["trackOpens"]) == ("refuse", "help@shop.example", False)
    assert (await door.ask("GET", "/v1/streams/shop")).json() == changed
    assert [each["name"] for each in (await door.ask("GET", "/v1/streams")).json()["data"]] == [
        "marketing",
        "shop",
        "transactional",
    ]
    assert (await door.ask("GET", "/v1/streams/shop", key=door.stranger)).status == 404
    assert (await door.ask("PATCH", "/v1/streams/shop", {"contentPolicy": "maybe"})).status == 422
    assert (await door.ask("PATCH", "/v1/streams/Shop", {})).status == 404
    assert (await door.ask("PUT", "/v1/streams/shop", {"trackOpens": True})).json() == changed | {"trackOpens": True}


async def test_mail_that_does_not_say_is_from_its_stream_else_from_the_tenant(door: HttpDoor) -> None:
    assert (await door.ask("PUT", "/v1/streams/shop", {"from": "Shop <orders@shop.example"})).status == 422
    assert (await door.ask("PUT", "/v1/streams/shop", {"from": "Shop <orders@shop.example>"})).json()[
        "from"
    ] == "Shop <orders@shop.example>"
    senders = []
    for fields in ({"stream": "shop"}, {"stream": "shop", "from": "me@shop.example"}, {}):
        sent = await door.send(**({"from": None} | fields))
        senders.append((await door.ask("GET", f"/v1/messages/{sent['id']}")).json()["from"])
    assert senders[:2] == ["orders@shop.example", "me@shop.example"]
    assert senders[2] not in senders[:2]


async def test_a_stream_that_does_not_exist_is_refused_everywhere_with_the_nearest_name(door: HttpDoor) -> None:
    await door.make_streams("receipts", "orders")
    body = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "s", "text": "t", "stream": "reciepts"}
    refused = {
        "send": await door.ask("POST", "/v1/send", body),
        "dry run": await door.ask("POST", "/v1/send", body, query={"dryRun": "true"}),
        "key": await door.ask("POST", "/v1/keys", {"stream": "reciepts"}),
        "messages": await door.ask("GET", "/v1/messages", query={"stream": "reciepts"}),
        "suppressions": await door.ask("GET", "/v1/suppressions", query={"stream": "reciepts"}),
        "suppression": await door.ask("POST", "/v1/suppressions", {"address": "jane@example.com", "stream": "reciepts"}),
    }
    for what, answer in refused.items():
        assert (answer.status, answer.code(), set(answer.faults())) == (422, "validation_failed", {"stream"}), what
        assert "did you mean 'receipts'?" in answer.faults()["stream"], what
    hook = await door.ask("POST", "/v1/webhooks", {"url": "https://app.example.com/hook", "streams": ["orders", "reciepts"]})
    assert (hook.status, set(hook.faults())) == (422, {"streams[1]"})
    for method in ("GET", "PATCH"):
        missing = await door.ask(method, "/v1/streams/reciepts", None if method == "GET" else {}, key=door.live)
        assert (missing.status, missing.code()) == (404, "not_found")
        assert "did you mean 'receipts'?" in missing.json()["detail"]
    assert (await door.ask("GET", "/v1/messages")).json()["data"] == []


async def test_a_stream_is_used_at_once_though_it_was_just_refused(door: HttpDoor) -> None:
    body = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "s", "text": "t", "stream": "fresh"}
    assert (await door.ask("POST", "/v1/send", body)).status == 422
    # As another process would make it: this one is told nothing.
    async with door.parts.database.session() as session:
        await session.execute("insert into stream (tenant, name, changed_at) values (1, 'fresh', now())")
    assert (await door.ask("POST", "/v1/send", body)).status == 202


async def test_a_hundred_streams_are_the_most_also_for_those_who_ask_at_once(door: HttpDoor) -> None:
    async with door.parts.database.session() as session:
        await session.execute(
            "insert into stream (tenant, name, changed_at) select 1, 's' || n, now() from generate_series(1, 97) n"
        )
    bodies = [{"name": name} for name in ("one", "two", "three")]
    answers = await asyncio.gather(*(door.ask("POST", "/v1/streams", body, key=door.live) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    assert {answer.code() for answer in answers if answer.status != 201} == {"conflict"}
    assert (await door.ask("PUT", "/v1/streams/four", {}, key=door.live)).status == 409
    assert (await door.ask("PUT", "/v1/streams/transactional", {"trackOpens": True}, key=door.live)).status == 200
    assert (await door.ask("PUT", "/v1/streams/s1", {"trackOpens": True}, key=door.live)).status == 200
