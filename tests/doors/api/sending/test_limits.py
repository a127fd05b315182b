"""Limits as an operator set them: taken up to the number, refused beyond it, and told so in the OpenAPI document."""

from datetime import timedelta
from typing import Any

import pytest

from posthouse.model.limits import Limits
from posthouse.store.postgres.database import Database
from tests.support.http_door import open_door
from tests.support.postgres import NOW

SMALL = Limits(
    message_bytes=64 << 10,
    html_bytes=1 << 10,
    recipients=2,
    attachments=1,
    batch_items=3,
    batch_bytes=128 << 10,
    headers=1,
    header_bytes=100,
    tags=1,
    metadata_keys=1,
    dedupe_key_length=40,
    send_at_days=7,
)
LARGE = Limits(
    recipients=120,
    attachments=40,
    batch_items=700,
    headers=80,
    header_bytes=4096,
    tags=30,
    metadata_keys=50,
    dedupe_key_length=500,
)
BODY: dict[str, Any] = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello"}
FILE = {"filename": "a.txt", "content": "eA=="}
ADDRESSES = [f"u{number}@example.com" for number in range(1000)]


def sized(limits: Limits, more: int) -> dict[str, dict[str, Any]]:
    """A body for every limit of one message, at it or ``more`` beyond it, by the path that is named then."""
    return {
        "to": {"to": ADDRESSES[: limits.recipients + more]},
        "html": {"html": "x" * (limits.html_bytes + more), "text": None},
        "attachments": {"attachments": [FILE] * (limits.attachments + more)},
        "headers": {"headers": {f"X-{number}": "x" for number in range(limits.headers + more)}},
        "headers.X-Long": {"headers": {"X-Long": "x " * ((limits.header_bytes + 2 * more) // 2)}},
        "tags": {"tags": [f"t{number}" for number in range(limits.tags + more)]},
        "metadata": {"metadata": {f"m{number}": "x" for number in range(limits.metadata_keys + more)}},
        "dedupeKey": {"dedupeKey": "k" * (limits.dedupe_key_length + more)},
        "sendAt": {"sendAt": (NOW + timedelta(days=limits.send_at_days, seconds=more)).isoformat()},
    }


@pytest.mark.parametrize("limits", [Limits(), SMALL, LARGE], ids=["contract", "small", "large"])
async def test_each_limit_holds_to_the_number(database: Database, limits: Limits) -> None:
    door = await open_door(database, NOW, limits=limits)
    for path, fields in sized(limits, 0).items():
        answer = await door.ask("POST", "/v1/send", BODY | fields)
        assert answer.status == 202, (path, answer.body)
    for path, fields in sized(limits, 1).items():
        answer = await door.ask("POST", "/v1/send", BODY | fields)
        assert (answer.status, list(answer.faults())) == (422, [path]), answer.body


async def test_recipients_are_counted_over_all_fields(database: Database) -> None:
    door = await open_door(database, NOW, limits=SMALL)
    answer = await door.ask("POST", "/v1/send", BODY | {"cc": ADDRESSES[:2]})
    assert answer.faults() == {"to": "together with cc and bcc must name at most 2 recipients, not 3"}


@pytest.mark.parametrize("limits", [SMALL, LARGE], ids=["small", "large"])
async def test_a_batch_holds_as_many_items_and_its_key_leaves_room_for_their_numbers(database: Database, limits: Limits) -> None:
    door = await open_door(database, NOW, limits=limits)
    key = {"Idempotency-Key": "k" * limits.batch_key_length}
    taken = await door.ask("POST", "/v1/send/batch", {"messages": [BODY] * limits.batch_items}, headers=key)
    assert [result.get("error") for result in taken.json()["results"]] == [None] * limits.batch_items
    over = await door.ask("POST", "/v1/send/batch", {"messages": [BODY] * (limits.batch_items + 1)})
    assert over.faults() == {"messages": f"must have at most {limits.batch_items} items, not {limits.batch_items + 1}"}
    long = await door.ask(
        "POST", "/v1/send/batch", {"messages": [BODY]}, headers={"Idempotency-Key": key["Idempotency-Key"] + "k"}
    )
    assert list(long.faults()) == ["Idempotency-Key"]


async def test_sizes_hold_before_and_after_encoding(database: Database) -> None:
    door = await open_door(database, NOW, limits=SMALL)
    body = await door.ask("POST", "/v1/send", BODY | {"text": "x" * (65 << 10)})
    assert (body.status, body.code()) == (413, "too_large")
    encoded = await door.ask("POST", "/v1/send", BODY | {"text": "ü" * (30 << 10)})
    assert (encoded.status, encoded.code()) == (413, "too_large")
    batch = await door.ask("POST", "/v1/send/batch", {"messages": [BODY | {"text": "x" * (129 << 10)}]})
    assert (batch.status, batch.code()) == (413, "too_large")


@pytest.mark.parametrize("limits", [Limits(), SMALL, LARGE], ids=["contract", "small", "large"])
async def test_openapi_tells_the_numbers_in_effect(database: Database, limits: Limits) -> None:
    door = await open_door(database, NOW, limits=limits)
    document = (await door.ask("GET", "/openapi.json", key=None)).json()
    schemas = document["components"]["schemas"]
    fields = schemas["SendBody"]["properties"]

    def bound(field: str, name: str) -> int:
        forms = [form for outer in fields[field]["anyOf"] for form in outer.get("anyOf", (outer,))]
        return next(int(form[name]) for form in forms if name in form)

    told = {name: bound(name, "maxItems") for name in ("to", "cc", "bcc", "replyTo", "attachments", "tags")}
    assert told == dict.fromkeys(("to", "cc", "bcc", "replyTo"), limits.recipients) | {
        "attachments": limits.attachments,
        "tags": limits.tags,
    }
    assert [bound(name, "maxProperties") for name in ("headers", "metadata")] == [limits.headers, limits.metadata_keys]
    assert [bound(name, "maxLength") for name in ("dedupeKey", "supersedes", "html")] == [limits.dedupe_key_length] * 2 + [
        limits.html_bytes
    ]
    assert schemas["BatchBody"]["properties"]["messages"]["maxItems"] == limits.batch_items
    assert f"{limits.send_at_days} days" in str(fields["sendAt"])
    assert f"{limits.recipients} recipients" in fields["to"]["description"]
    keys = [
        parameter["schema"]["maxLength"]
        for path in ("/v1/send", "/v1/send/batch")
        for parameter in document["paths"][path]["post"]["parameters"]
        if parameter["name"] == "Idempotency-Key"
    ]
    assert keys == [limits.batch_key_length] * 2
    assert (
        f"{limits.message_bytes >> 10} KB" in (said := document["paths"]["/v1/send"]["post"]["requestBody"]["description"])
        or "25 MB" in said
    )
