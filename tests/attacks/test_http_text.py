"""S-13, S-16, S-21: whatever is legal JSON and no text, or markup, or SQL, comes back as what it is or not at all."""

import json
from typing import Any

import pytest

from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.payloads import PAYLOADS
from tests.support.postgres import NOW

LETTER: dict[str, Any] = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello"}
SQL = (
    "'",
    "' or 1=1 --",
    "'; drop table message; --",
    "$1",
    "%(x)s",
    "\\'; select pg_sleep(5); --",
    "1) or (1=1",
    "{}",
    '{"a":1}',
    "\\x00",
)
BROKEN = ("\0", "\ud800", "\udfff", "a\ud83d")
TEXTUAL = (
    "subject",
    "html",
    "text",
    "template",
    "locale",
    "type",
    "stream",
    "dedupeKey",
    "supersedes",
    "to",
    "from",
    "sendAt",
    "tls",
)


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """The HTTP door over an empty database."""
    return await open_door(database, NOW)


async def test_what_is_no_text_is_refused_by_name_everywhere(door: HttpDoor) -> None:
    for broken in BROKEN:
        bodies: list[tuple[dict[str, Any], str]] = [({name: f"x{broken}"}, name) for name in TEXTUAL] + [
            ({"variables": {"a": [broken]}}, "variables.a[0]"),
            ({"metadata": {"a": broken}}, "metadata.a"),
            ({"tags": [broken]}, "tags[0]"),
            ({"headers": {"X-A": broken}}, "headers.X-A"),
            ({"attachments": [{"filename": broken, "content": ""}]}, "attachments[0].filename"),
            ({"tracking": {"opens": broken}}, "tracking.opens"),
        ]
        for changed, path in bodies:
            answer = await door.ask("POST", "/v1/send", json.dumps(LETTER | changed).encode())
            assert answer.status == 422, (changed, answer.body)
            assert path in answer.faults(), (changed, answer.faults())


async def test_what_is_no_text_is_refused_in_keys_and_parameters(door: HttpDoor) -> None:
    for broken in BROKEN:
        assert (await door.ask("POST", "/v1/keys", json.dumps({"name": broken}).encode())).status == 422
    for path in ("/v1/messages", "/v1/inbox", "/v1/events", "/v1/keys"):
        for name in ("type", "to", "tag", "recipient", "dedupeKey", "subject", "cursor", "after", "limit", "since"):
            assert (await door.ask("GET", path, query={name: "a\0b"})).status == 422


async def test_sql_in_any_field_is_only_text(door: HttpDoor) -> None:
    for number, payload in enumerate(SQL):
        fields: dict[str, Any] = {
            "dedupeKey": payload,
            "supersedes": payload,
            "tags": [payload],
            "metadata": {payload: payload},
            "subject": payload,
        }
        sent = await door.send(**fields)
        listed = await door.ask("GET", "/v1/messages", query={"tag": payload, "dedupeKey": payload})
        assert [message["id"] for message in listed.json()["data"]] == [sent["id"]], payload
        assert listed.json()["data"][0]["metadata"] == {payload: payload}
        named = await door.ask("GET", "/v1/messages", query={"stream": payload})
        assert set(named.faults()) == {"stream"}, payload
        for name in ("type", "template"):
            assert (await door.ask("GET", "/v1/messages", query={name: payload})).json()["data"] == []
        assert len((await door.ask("GET", "/v1/messages")).json()["data"]) == number + 1


async def test_markup_is_answered_as_data_and_never_as_a_page(door: HttpDoor) -> None:
    for payload in PAYLOADS:
        answers = [
            await door.ask("POST", "/v1/send", LETTER | {"subject": payload, payload: payload}),
            await door.ask("GET", "/v1/messages", query={"tag": payload, payload: "x"}),
            await door.ask("GET", f"/v1/messages/{payload}"),
            await door.ask("GET", f"/{payload}"),
        ]
        for answer in answers:
            assert answer.headers["content-type"].endswith("json"), payload
            assert answer.status in (404, 422)
            json.loads(answer.body)
