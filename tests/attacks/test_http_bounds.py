"""S-10: no body, however large, long or deep, costs more than its limit."""

import asyncio
import json
import time
import tracemalloc

import pytest

from posthouse.model.limits import Limits
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW

MEGABYTE = 1 << 20
SOON = 2.0
PIECE = b"x" * 65536


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """A door with small limits, so that large is soon."""
    return await open_door(database, NOW, limits=Limits(message_bytes=2 * MEGABYTE, batch_bytes=4 * MEGABYTE), body_seconds=1)


@pytest.mark.parametrize("path", ["/v1/send", "/v1/send/batch", "/v1/keys"])
async def test_a_body_without_end_is_cut_off(door: HttpDoor, path: str) -> None:
    tracemalloc.start()
    answer = await door.ask("POST", path, chunks=[PIECE] * 1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status, answer.code()) == (413, "too_large")
    assert peak < 3 * 4 * MEGABYTE


@pytest.mark.parametrize(
    "body",
    [
        b'{"to": [' + b'"a@example.com",' * 100_000 + b'"a@example.com"], "text": "x"}',
        b'{"to": [' + b"[],[" * 100_000 + b"",
        b'{"to": "a@example.com", "text": "x", "tags": [' + b'"",' * 500_000 + b'""]}',
        json.dumps({"to": "a@example.com", "text": "x"} | {f"x{n}": n for n in range(100_000)}).encode(),
        json.dumps({"to": "a@example.com", "text": "x", "metadata": {str(n): "x" for n in range(100_000)}}).encode(),
        json.dumps({"to": "(" * 500_000, "text": "x"}).encode(),
        json.dumps({"to": "a@example.com", "text": "x", "headers": {"Reply-To": "a," * 500}}).encode(),
        json.dumps({"to": "a@example.com", "text": "x", "subject": "=?" * 490}).encode(),
        b'{"to": "a@example.com", "text": "x", "variables": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}",
        b'{"to": "a@example.com", "expiresIn": ' + b"9" * 1_000_000 + b"}",
        b'{"to": "a@example.com", "text": "' + rb"\u0000" * 300_000 + b'"}',
        b"[" * 1_000_000,
        b'{"a":' * 300_000,
        b'{"to": "a@example.com", "text": "x", "x": ' + b'"\\ud800",'.join([b"["] * 2) + b"]",
    ],
    ids=range(14),
)
async def test_a_hostile_body_is_answered_soon(door: HttpDoor, body: bytes) -> None:
    started = time.process_time()
    answer = await door.ask("POST", "/v1/send", body)
    assert answer.status in (202, 400, 413, 422)
    assert len(answer.body) < 64 * 1024
    assert time.process_time() - started < SOON


async def test_a_batch_of_hostile_items_is_answered_soon(door: HttpDoor) -> None:
    item = {f"x{n}": [{"a": 1}] * 5 for n in range(100)}
    started = time.process_time()
    answer = await door.ask("POST", "/v1/send/batch", {"messages": [item] * 500})
    assert answer.status == 200
    assert time.process_time() - started < 5 * SOON


async def test_a_large_batch_lets_others_go_first(door: HttpDoor) -> None:
    letter = {"to": "jane@example.com", "from": "noreply@shop.example", "text": "x" * 4000}
    large = asyncio.create_task(door.ask("POST", "/v1/send/batch", {"messages": [letter] * 500}))
    await asyncio.sleep(0)
    small = await door.ask("POST", "/v1/send", letter)
    assert small.status == 202
    assert (await large).status == 200
