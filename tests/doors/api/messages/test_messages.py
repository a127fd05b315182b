"""Messages over HTTP: lists, timelines, bytes, and what may still be done."""

from datetime import timedelta
from email import message_from_bytes, policy

from posthouse.model import ids
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor

NOBODY = "msg_00000000000000000000000000"


async def test_a_message_tells_its_whole_story(door: HttpDoor) -> None:
    sent = await door.send(
        tags=["checkout"], metadata={"order": "1"}, dedupeKey="k", type="receipt", occurredAt="2026-11-23T11:59:58Z"
    )
    answer = await door.ask("GET", f"/v1/messages/{sent['id']}")
    assert answer.status == 200
    message = answer.json()
    event = message["events"].pop()
    assert message == {
        "id": sent["id"],
        "type": "receipt",
        "stream": "transactional",
        "subject": "Hello",
        "from": "noreply@shop.example",
        "status": "queued",
        "createdAt": "2026-11-23T12:00:00.000Z",
        "occurredAt": "2026-11-23T11:59:58.000Z",
        "deliverBy": "2026-11-23T12:00:28.000Z",
        "expiresAt": "2026-11-26T12:00:00.000Z",
        "dedupeKey": "k",
        "tags": ["checkout"],
        "metadata": {"order": "1"},
        "template": None,
        "events": [],
        "deliveries": [
            {
                "recipient": "jane@example.com",
                "status": "queued",
                "reason": None,
                "latencySeconds": None,
                "nextAttemptAt": None,
                "attempts": [],
            }
        ],
    }
    assert (event["type"], event["at"], event["recipient"]) == ("message.queued", "2026-11-23T12:00:00.000Z", "jane@example.com")


async def test_messages_are_listed_newest_first_a_page_at_a_time(door: HttpDoor) -> None:
    sent = [(await door.send(subject=f"No {n}"))["id"] for n in range(5)]
    first = (await door.ask("GET", "/v1/messages", query={"limit": 3})).json()
    rest = (await door.ask("GET", "/v1/messages", query={"limit": 3, "cursor": first["nextCursor"]})).json()
    assert [message["id"] for message in first["data"] + rest["data"]] == sent[::-1]
    assert rest["nextCursor"] is None


NARROWED: list[tuple[dict[str, str], list[str]]] = [
    ({"type": "receipt"}, ["receipt"]),
    ({"type": "payment"}, []),
    ({"recipient": "Bob <bob@EXAMPLE.com>"}, ["receipt"]),
    ({"tag": "checkout"}, ["receipt"]),
    ({"dedupeKey": "r1"}, ["receipt"]),
    ({"template": "order-confirmation"}, ["order_confirmation"]),
    ({"stream": "other"}, ["order_confirmation"]),
    ({"status": "queued"}, ["order_confirmation", "receipt"]),
    ({"status": "bounced"}, []),
    ({"since": "2026-11-23T12:00:01Z"}, ["order_confirmation"]),
    ({"until": "2026-11-23T12:00:00+00:00"}, ["receipt"]),
]


async def test_a_list_is_narrowed(door: HttpDoor) -> None:
    await door.make_streams("other")
    await door.send(type="receipt", to="bob@example.com", tags=["checkout"], dedupeKey="r1")
    door.clock.advance(timedelta(seconds=2))
    await door.send(template="order-confirmation", variables={"orderId": "1", "total": "2"}, stream="other")
    for query, found in NARROWED:
        answer = await door.ask("GET", "/v1/messages", query=query)
        assert answer.status == 200, answer.body
        assert [message["type"] for message in answer.json()["data"]] == found, query


WRONG: list[tuple[dict[str, str], str]] = [
    ({"limit": "0"}, "limit"),
    ({"limit": "201"}, "limit"),
    ({"limit": "ten"}, "limit"),
    ({"limit": "٣"}, "limit"),
    ({"cursor": "x"}, "cursor"),
    ({"status": "lost"}, "status"),
    ({"since": "yesterday"}, "since"),
    ({"until": "0001-01-01T00:00:00+23:59"}, "until"),
    ({"recipient": "nobody"}, "recipient"),
    ({"tag": "a\0b"}, "tag"),
    ({"stauts": "queued"}, "stauts"),
]


async def test_a_parameter_that_is_wrong_is_named(door: HttpDoor) -> None:
    for query, path in WRONG:
        answer = await door.ask("GET", "/v1/messages", query=query)
        assert (answer.status, list(answer.faults())) == (422, [path]), query


async def test_an_unknown_message_is_not_found(door: HttpDoor) -> None:
    for message in (NOBODY, "msg_x", "evt_00000000000000000000000000", "%00", "msg_\xfc"):
        for path in ("", "/raw", "/content"):
            answer = await door.ask("GET", f"/v1/messages/{message}{path}")
            assert (answer.status, answer.code()) == (404, "not_found"), (message, path)


async def test_there_are_no_bytes_before_the_first_attempt(door: HttpDoor) -> None:
    sent = await door.send()
    answer = await door.ask("GET", f"/v1/messages/{sent['id']}/raw")
    assert answer.code() == "not_found"


async def test_the_bytes_are_those_that_were_handed_over(door: HttpDoor, database: Database) -> None:
    sent = await door.send(to=["a@example.com", "b@example.com"])
    message = ids.parse("msg", sent["id"])
    async with database.session() as connection:
        await connection.execute(
            "update queue set first_attempt_at = $2 where message = $1 and position = 1", message, door.clock.now()
        )
    answer = await door.ask("GET", f"/v1/messages/{sent['id']}/raw", query={"recipient": "b@example.com"})
    assert (answer.status, answer.headers["content-type"]) == (200, "message/rfc822")
    assert answer.headers["x-content-type-options"] == "nosniff"
    parsed = message_from_bytes(answer.body, policy=policy.SMTP)
    assert (parsed["subject"], parsed["to"], parsed["date"]) == (
        "Hello",
        "a@example.com, b@example.com",
        "Mon, 23 Nov 2026 12:00:00 +0000",
    )
    assert b"\n" not in answer.body.replace(b"\r\n", b"")
    untried = await door.ask("GET", f"/v1/messages/{sent['id']}/raw", query={"recipient": "a@example.com"})
    nobody = await door.ask("GET", f"/v1/messages/{sent['id']}/raw", query={"recipient": "c@example.com"})
    assert (untried.status, nobody.status) == (404, 404)


async def test_a_message_says_what_it_says(door: HttpDoor) -> None:
    sent = await door.send(html='<p>See <a href="https://shop.example/x?a=1&amp;b=2">this</a></p>', text=None, subject="Grüße")
    content = (await door.ask("GET", f"/v1/messages/{sent['id']}/content")).json()
    assert content["subject"] == "Grüße"
    assert content["links"] == ["https://shop.example/x?a=1&b=2"]
    assert content["html"].startswith("<p>See")
    assert "this" in content["text"]
    assert {"name": "Subject", "value": "Grüße"} in content["headers"]


async def test_a_message_is_cancelled_before_its_first_attempt_only(door: HttpDoor, database: Database) -> None:
    sent, tried = await door.send(), await door.send()
    async with database.session() as connection:
        await connection.execute("update queue set number = 1 where message = $1", ids.parse("msg", tried["id"]))
    done = await door.ask("POST", f"/v1/messages/{sent['id']}/cancel")
    assert (done.status, done.json()["status"]) == (200, "cancelled")
    for late in (sent, tried):
        answer = await door.ask("POST", f"/v1/messages/{late['id']}/cancel")
        assert (answer.status, answer.code()) == (409, "not_cancellable")
    assert (await door.ask("POST", f"/v1/messages/{NOBODY}/cancel")).status == 404


async def test_a_message_is_sent_once_more_as_a_new_one(door: HttpDoor) -> None:
    sent = await door.send()
    again = await door.ask("POST", f"/v1/messages/{sent['id']}/resend")
    assert again.status == 202
    assert again.json()["id"] != sent["id"]
    third = await door.ask("POST", f"/v1/messages/{again.json()['id']}/resend")
    assert third.status == 202, third.body
    assert (await door.ask("POST", f"/v1/messages/{NOBODY}/resend")).status == 404
