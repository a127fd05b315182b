"""S-03: nothing a caller writes becomes a header field of its own, whatever breaks a line where."""

from email import message_from_bytes, policy
from typing import Any

import pytest

from posthouse.model import ids
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW

BREAKS = ("\n", "\r", "\r\n", "\r\n ", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0")
LETTER: dict[str, Any] = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello"}


def places(text: str) -> list[dict[str, Any]]:
    """The letter with ``text`` in each field that ends in a header, or names one."""
    file = {"filename": "a.txt", "content": "AA=="}
    return [
        {"subject": text},
        {"from": {"email": "noreply@shop.example", "name": text}},
        {"from": f"{text} <noreply@shop.example>"},
        {"to": {"email": "jane@example.com", "name": text}},
        {"to": f"jane@example.com{text}"},
        {"to": {"email": f"{text}@example.com"}},
        {"cc": f'"{text}" <bob@example.com>'},
        {"replyTo": {"email": "help@shop.example", "name": text}},
        {"headers": {"X-Own": text}},
        {"headers": {f"X-{text}": "value"}},
        {"headers": {"Reply-To": f"help@shop.example{text}"}},
        {"headers": {"Subject": text}, "subject": None},
        {"headers": {"Message-ID": f"<1@shop.example>{text}"}},
        {"attachments": [file | {"filename": text}]},
        {"attachments": [file | {"contentType": f"text/plain{text}"}]},
        {"attachments": [file | {"contentType": f'text/plain; name="{text}"'}]},
        {"attachments": [file | {"contentId": text}]},
        {"type": text},
        {"stream": text},
        {"template": text},
        {"locale": text},
        {"dedupeKey": text},
        {"supersedes": text},
        {"tags": [text]},
        {"metadata": {text: "value"}},
    ]


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """The HTTP door over an empty database."""
    return await open_door(database, NOW)


async def sent_as(door: HttpDoor, database: Database, message: str) -> bytes:
    """The bytes that would be handed over for a message that was taken."""
    async with database.session() as connection:
        await connection.execute("update queue set first_attempt_at = $2 where message = $1", ids.parse("msg", message), NOW)
    return (await door.ask("GET", f"/v1/messages/{message}/raw")).body


async def test_no_field_becomes_a_header_of_its_own(door: HttpDoor, database: Database) -> None:
    for broken in BREAKS:
        for changed in places(f"x{broken}Bcc: evil@example.com{broken}y"):
            answer = await door.ask("POST", "/v1/send", LETTER | changed)
            assert answer.status in (202, 422), (broken, changed, answer.body)
            if answer.status == 422:
                assert answer.faults()
                continue
            data = await sent_as(door, database, answer.json()["id"])
            parsed = message_from_bytes(data, policy=policy.default)
            assert parsed["bcc"] is None, (broken, changed)
            assert data.replace(b"\r\n", b"").count(b"\r") == data.replace(b"\r\n", b"").count(b"\n") == 0
            assert b"\0" not in data


async def test_a_field_of_sixty_four_kilobytes_is_refused(door: HttpDoor) -> None:
    for changed in places("x" * 65536):
        answer = await door.ask("POST", "/v1/send", LETTER | changed)
        assert answer.status == 422, changed.keys()
