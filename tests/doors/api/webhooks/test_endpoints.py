"""``/v1/webhooks``: made, changed, tested, replayed, logged; and nobody else's."""

from datetime import timedelta
from typing import Any

import pytest

from posthouse.model.event import EventType
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import WebhookResult
from posthouse.store.webhooks import endpoint_queue, settle
from tests.support.http_door import HttpDoor, endpoint

URL = "https://app.example.com/hook?a=b"


async def made(door: HttpDoor, **fields: Any) -> dict[str, Any]:
    answer = await door.ask("POST", "/v1/webhooks", {"url": URL} | fields)
    assert answer.status == 201, answer.body
    return dict(answer.json())


async def test_an_endpoint_is_made_with_its_secret_once(door: HttpDoor) -> None:
    await door.make_streams("receipts")
    new = await made(door, events=["message.bounced", "alert.*"], streams=["receipts"])
    assert new["id"].startswith("whk_")
    assert new["secret"].startswith("whsec_")
    found = (await door.ask("GET", f"/v1/webhooks/{new['id']}")).json()
    assert found == {name: value for name, value in new.items() if name != "secret"}
    assert (found["url"], found["events"], found["streams"], found["status"]) == (
        URL,
        ["message.bounced", "alert.*"],
        ["receipts"],
        "enabled",
    )
    assert (await door.ask("GET", "/v1/webhooks")).json() == {"data": [found], "nextCursor": None}


async def test_a_page_goes_on_where_the_one_before_ended(door: HttpDoor) -> None:
    ids = [(await made(door))["id"] for _ in range(3)]
    first = (await door.ask("GET", "/v1/webhooks", query={"limit": 2})).json()
    second = (await door.ask("GET", "/v1/webhooks", query={"cursor": first["nextCursor"]})).json()
    assert [each["id"] for each in first["data"] + second["data"]] == ids[::-1]


async def test_changes_take_only_what_is_said(door: HttpDoor) -> None:
    new = await made(door, events=["message.sent"])
    path = f"/v1/webhooks/{new['id']}"
    await door.make_streams("a")
    assert (await door.ask("PATCH", path, {"streams": ["a"]})).json()["events"] == ["message.sent"]
    assert (await door.ask("PATCH", path, {"events": ["*"]})).json()["events"] == []
    off = (await door.ask("PATCH", path, {"enabled": False})).json()
    assert (off["status"], off["disabledReason"], off["streams"]) == ("disabled", "switched off", ["a"])
    assert (await door.ask("POST", f"{path}/test")).status == 422
    on = (await door.ask("PATCH", path, {"enabled": True, "url": "https://b.example/"})).json()
    assert (on["status"], on["disabledAt"], on["url"]) == ("enabled", None, "https://b.example/")


WRONG_URLS = [
    "http://app.example.com/", "ftp://app.example.com/", "https://", "https://user:secret@app.example.com/", "https://127.0.0.1/",
    "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://localhost/",
    "https://x.localhost/", "https://2130706433/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/", "https://a b/",
    "https://app.example.com/#x", "https://app.example.com:99999/", "https://app.example.com\\@127.0.0.1/", "file:///etc/passwd",
    "gopher://x/", "https://bücher.example/", "https://app.example.com/\r\nX: y", "//app.example.com/", "https://app.example.com:0/",
]  # fmt: skip


async def test_where_nothing_is_posted(door: HttpDoor) -> None:
    for url in WRONG_URLS:
        answer = await door.ask("POST", "/v1/webhooks", {"url": url})
        assert answer.status == 422, url
        assert answer.json()["errors"][0]["path"] == "url"


async def test_a_filter_that_lets_nothing_through_is_refused(door: HttpDoor) -> None:
    for event in ("message.nonsense", "message", "MESSAGE.SENT", "", "*.*"):
        answer = await door.ask("POST", "/v1/webhooks", {"url": URL, "events": [event]})
        assert answer.status == 422, event
        assert answer.json()["errors"][0]["path"] == "events[0]"


@pytest.mark.parametrize(
    ("event", "near"),
    [
        ("alert.nope", "alert.*"),
        ("alert.webhook_disable", "alert.webhook_disabled"),
        ("message.bounce", "message.bounced"),
        ("mesage.*", "message.*"),
        ("mail.sent", "message.sent"),
    ],
)
async def test_a_filter_that_would_let_nothing_through_is_told_the_nearest(door: HttpDoor, event: str, near: str) -> None:
    made = await door.ask("POST", "/v1/webhooks", {"url": URL, "events": ["message.*", event]})
    assert (made.status, made.faults()) == (422, {"events[1]": f"is no event type; the nearest known is '{near}'"})


async def test_every_filter_of_the_document_is_taken(door: HttpDoor) -> None:
    document = (await door.ask("GET", "/openapi.json")).json()
    fields = document["components"]["schemas"]["WebhookBody"]["properties"]["events"]["anyOf"]
    told = next(form["items"]["enum"] for form in fields if form.get("type") == "array")
    assert {"*", "message.*", "alert.*", *(type.value for type in EventType)} <= set(told)
    assert (await door.ask("POST", "/v1/webhooks", {"url": URL, "events": told})).status == 201


async def test_every_example_works_as_it_stands(door: HttpDoor) -> None:
    for name, example in endpoint("createWebhook").examples.items():
        assert (await door.ask("POST", "/v1/webhooks", example["value"])).status == 201, name


PATHS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/deliveries"),
    ("POST", "/replay"),
    ("POST", "/test"),
    ("POST", "/rotate"),
]
BODIES: dict[str, Any] = {"": {"enabled": False}, "/replay": {"failed": True}}


async def test_it_is_there_for_nobody_else(door: HttpDoor) -> None:
    new = await made(door)
    for method, path in PATHS:
        body = BODIES.get(path) if method in {"PATCH", "POST"} else None
        for key in (door.stranger, door.live):
            assert (await door.ask(method, f"/v1/webhooks/{new['id']}{path}", body, key=key)).status == 404, path
    assert (await door.ask("GET", f"/v1/webhooks/{new['id']}")).json()["status"] == "enabled"


async def test_removed_is_gone(door: HttpDoor) -> None:
    new = await made(door)
    assert (await door.ask("DELETE", f"/v1/webhooks/{new['id']}")).status == 204
    assert (await door.ask("GET", f"/v1/webhooks/{new['id']}")).status == 404
    assert (await door.ask("GET", "/v1/webhooks")).json()["data"] == []


async def test_rotation_answers_a_new_secret_and_how_long_the_old_one_lasts(door: HttpDoor) -> None:
    new = await made(door)
    rotated = (await door.ask("POST", f"/v1/webhooks/{new['id']}/rotate", query={"overlap": 60})).json()
    assert rotated["secret"] != new["secret"]
    assert rotated["overlapUntil"].endswith("12:01:00.000Z")
    assert (await door.ask("POST", f"/v1/webhooks/{new['id']}/rotate", query={"overlap": -1})).status == 422


async def test_a_test_event_and_a_replay_wait_to_be_told(door: HttpDoor) -> None:
    new = await made(door)
    told = await door.ask("POST", f"/v1/webhooks/{new['id']}/test")
    assert told.status == 202
    assert told.json()["eventId"].startswith("evt_")
    await door.send()
    event = (await door.ask("GET", "/v1/events")).json()["data"][0]["id"]
    for body in ({"event": event}, {"since": "2026-11-23T11:59:00Z"}):
        answer = await door.ask("POST", f"/v1/webhooks/{new['id']}/replay", body)
        assert (answer.status, answer.json()) == (202, {"queued": 1})
    door.clock.advance(timedelta(seconds=-1))
    assert (await door.ask("POST", f"/v1/webhooks/{new['id']}/replay", {"failed": True})).json() == {"queued": 1}


async def test_a_replay_is_of_exactly_one_kind(door: HttpDoor) -> None:
    path, since = f"/v1/webhooks/{(await made(door))['id']}/replay", "2026-11-23T11:59:00Z"
    for body in ({}, {"failed": False}, {"failed": True, "since": since}, {"until": since}):
        assert (await door.ask("POST", path, body)).status == 422, body


async def test_a_window_of_times_beyond_belief_is_empty_or_all(door: HttpDoor) -> None:
    path = f"/v1/webhooks/{(await made(door))['id']}/replay"
    await door.send()
    for since, until, queued in (
        ("0218-01-07T02:37:47Z", "0440-08-14T22:43:36Z", 0),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 1),
    ):
        assert (await door.ask("POST", path, {"since": since, "until": until})).json() == {"queued": queued}


async def test_an_event_that_is_not_there_is_not_replayed(door: HttpDoor) -> None:
    new = await made(door)
    answer = await door.ask("POST", f"/v1/webhooks/{new['id']}/replay", {"event": "evt_01k9p2m4x7c8v5b3n6q1w0e9rt"})
    assert answer.status == 404


async def test_the_log_shows_every_try(door: HttpDoor) -> None:
    new = await made(door)
    await door.ask("POST", f"/v1/webhooks/{new['id']}/test")
    await _tried(door, "failed", 500, "Oops")
    log = f"/v1/webhooks/{new['id']}/deliveries"
    (tried,) = (await door.ask("GET", log)).json()["data"]
    assert (tried["outcome"], tried["status"], tried["answer"], tried["number"]) == ("failed", 500, "Oops", 1)
    assert (tried["type"], tried["trouble"], tried["id"][:4]) == ("webhook.test", None, "whd_")
    assert tried["nextAt"]
    assert (await door.ask("GET", log, query={"outcome": "delivered"})).json()["data"] == []
    assert len((await door.ask("GET", log, query={"outcome": "failed", "event": tried["eventId"]})).json()["data"]) == 1


async def _tried(door: HttpDoor, outcome: str, status: int, answer: str) -> None:
    """As if the one endpoint had been asked."""
    now, holder = door.clock.now(), door.parts.new_id(door.clock.now())
    async with door.parts.database.transaction() as connection:
        key = await connection.fetchrow("update webhook_endpoint set holder = $1 returning tenant, environment, id", holder)
        place = EndpointKey(*key)
        (waiting,) = await endpoint_queue.claim(connection, place, now, [], 10, failing=False, ordered_tries=3)
        result = WebhookResult(
            waiting=waiting,
            over=False,
            due=now + timedelta(seconds=5),
            id=door.parts.new_id(now),
            at=now,
            duration_ms=3.0,
            outcome=outcome,
            status=status,
            answer=answer,
        )
        await settle.settle(connection, holder, [result], {}, now)


async def test_private_addresses_are_taken_where_they_are_allowed(database: Any) -> None:
    from tests.support.http_door import open_door  # noqa: PLC0415
    from tests.support.postgres import NOW  # noqa: PLC0415

    door = await open_door(database, NOW, allow_private_networks=True)
    assert (await door.ask("POST", "/v1/webhooks", {"url": "http://127.0.0.1:9/x"})).status == 201
    assert (await door.ask("POST", "/v1/webhooks", {"url": "http://u@127.0.0.1:9/x"})).status == 422
