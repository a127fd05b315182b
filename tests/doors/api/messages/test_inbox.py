"""The built-in inbox over HTTP."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from posthouse.model.inbox import NewInboxItem
from posthouse.store.messages import inbox
from posthouse.store.postgres.database import Database
from tests.support.http_door import SEALER, HttpDoor

MESSAGE = UUID(int=7)


def mail(subject: str = "Your code", text: str = "Your code is 123456. https://shop.example/x") -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Shop <noreply@shop.example>", "jane@example.com", subject
    made.set_content(text)
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    return bytes(made)


async def keep(door: HttpDoor, database: Database, *, tenant: int = 1, environment: int = 0, **changed: Any) -> None:
    now = door.clock.now()
    fields: dict[str, Any] = {
        "id": door.parts.new_id(now),
        "tenant": tenant,
        "environment": environment,
        "message": MESSAGE,
        "position": 0,
        "recipient": "jane@example.com",
        "type": "two_factor_code",
        "data": mail(),
    } | changed
    async with database.session() as connection:
        await inbox.insert_many(connection, SEALER, [NewInboxItem(**fields)], now)


async def test_a_mail_is_shown_as_a_reader_sees_it(door: HttpDoor, database: Database) -> None:
    await keep(door, database)
    listed = (await door.ask("GET", "/v1/inbox")).json()
    item = listed["data"][0]
    assert item["id"].startswith("inb_")
    assert item["messageId"].startswith("msg_")
    assert (item["to"], item["from"], item["subject"], item["code"]) == (
        "jane@example.com",
        "Shop <noreply@shop.example>",
        "Your code",
        "123456",
    )
    assert item["links"] == ["https://shop.example/x"]
    assert item["attachments"] == [{"filename": "a.pdf", "contentType": "application/pdf", "size": 4, "contentId": None}]
    assert {"name": "Subject", "value": "Your code"} in item["headers"]
    assert item["receivedAt"] == "2026-11-23T12:00:00.000Z"
    assert (await door.ask("GET", f"/v1/inbox/{item['id']}")).json() == item


NARROWED: list[tuple[dict[str, str], int]] = [
    ({"to": "jane@EXAMPLE.com"}, 1),
    ({"to": "bob@example.com"}, 1),
    ({"type": "two_factor_code"}, 2),
    ({"type": "receipt"}, 0),
    ({"subject": "WELCOME"}, 1),
    ({"since": "2026-11-23T12:00:01Z"}, 1),
    ({"limit": "1"}, 1),
]


async def test_mails_are_narrowed(door: HttpDoor, database: Database) -> None:
    await keep(door, database)
    door.clock.advance(timedelta(seconds=2))
    await keep(door, database, recipient="bob@example.com", data=mail("Welcome, Bob"))
    for query, count in NARROWED:
        assert len((await door.ask("GET", "/v1/inbox", query=query)).json()["data"]) == count, query


async def test_a_long_inbox_is_paged_also_by_subject(door: HttpDoor, database: Database) -> None:
    for number in range(40):
        await keep(door, database, data=mail("odd" if number % 2 else "even"))
    for query in ({"limit": 15}, {"limit": 15, "subject": "odd"}):
        seen: list[str] = []
        page = (await door.ask("GET", "/v1/inbox", query=query)).json()
        while True:
            seen += [item["id"] for item in page["data"]]
            if page["nextCursor"] is None:
                break
            page = (await door.ask("GET", "/v1/inbox", query=query | {"cursor": page["nextCursor"]})).json()
        assert len(seen) == len(set(seen)) == (20 if "subject" in query else 40)


async def test_waiting_ends_with_the_mail(door: HttpDoor, database: Database) -> None:
    waiting = asyncio.create_task(door.ask("GET", "/v1/inbox", query={"to": "jane@example.com", "wait": 30}))
    await asyncio.sleep(0)
    await keep(door, database)
    assert len((await waiting).json()["data"]) <= 1


async def test_waiting_ends_empty_when_its_time_is_over(door: HttpDoor) -> None:
    async def pass_time() -> None:
        while not waiting.done():
            door.clock.advance(timedelta(seconds=10))
            await asyncio.sleep(0.01)

    waiting = asyncio.create_task(door.ask("GET", "/v1/inbox", query={"wait": 30}, chunks=[b"", b""]))
    await asyncio.gather(waiting, pass_time())
    assert (await waiting).json() == {"data": [], "nextCursor": None}


async def test_a_wait_beyond_thirty_seconds_is_refused(door: HttpDoor) -> None:
    assert list((await door.ask("GET", "/v1/inbox", query={"wait": 31})).faults()) == ["wait"]


async def test_the_inbox_is_emptied_for_one_or_for_all(door: HttpDoor, database: Database) -> None:
    for recipient in ("a@example.com", "b@example.com", "c@example.com"):
        await keep(door, database, recipient=recipient)
    assert list((await door.ask("DELETE", "/v1/inbox", query={"to": ""})).faults()) == ["to"]
    assert (await door.ask("DELETE", "/v1/inbox", query={"to": "a@example.com"})).status == 204
    assert len((await door.ask("GET", "/v1/inbox")).json()["data"]) == 2
    assert (await door.ask("DELETE", "/v1/inbox")).status == 204
    assert (await door.ask("GET", "/v1/inbox")).json()["data"] == []


async def test_nobody_sees_or_empties_anothers_inbox(door: HttpDoor, database: Database) -> None:
    await keep(door, database)
    item = (await door.ask("GET", "/v1/inbox")).json()["data"][0]
    for key in (door.live, door.stranger):
        assert (await door.ask("GET", "/v1/inbox", key=key)).json()["data"] == []
        assert (await door.ask("GET", f"/v1/inbox/{item['id']}", key=key)).status == 404
        await door.ask("DELETE", "/v1/inbox", key=key)
    assert len((await door.ask("GET", "/v1/inbox")).json()["data"]) == 1
