"""Webhooks through the whole product: told and logged; and kill -9 while they are told loses no event by sequence number (W1)."""

import asyncio
import json
import os
import signal
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks

from tests.support.http_stranger import Asked, Stranger, answer, stranger
from tests.support.product import Product, command, environment, running

MAIL = {"from": "noreply@shop.example", "subject": "Hello", "text": "Hello"}
KILLS = 3


async def ask(product: Product, method: str, path: str, body: Any = None) -> Any:
    status, found = await asyncio.to_thread(product.ask, method, path, body)
    assert status < 300, found
    return found


async def until_told(there: Stranger, wanted: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while len({asked.headers["webhook-id"] for asked in there.asked}) < wanted:  # noqa: ASYNC110 - a stranger tells nobody
            await asyncio.sleep(0.05)


async def test_what_happens_is_told_signed_and_the_log_says_so(tmp_path: Path) -> None:
    env = environment(tmp_path / "var", ALLOW_PRIVATE_NETWORKS="on", WORKERS="1")
    async with stranger(answer()) as there:
        with running(env) as product:
            made = await ask(product, "POST", "/v1/webhooks", {"url": there.url("/hook")})
            await asyncio.to_thread(product.send, None, to="user@example.com", type="receipt", **MAIL)
            await until_told(there, 2, 20)
            events = (await ask(product, "GET", "/v1/events"))["data"]
            tested = await asyncio.to_thread(command, env, "webhook", "test", made["id"], "--json")
            log = (await ask(product, "GET", f"/v1/webhooks/{made['id']}/deliveries"))["data"]
            status, metrics = await asyncio.to_thread(product.ask, "GET", "/metrics")
    told = [standardwebhooks.Webhook(made["secret"]).verify(each.body, each.headers) for each in there.asked[:2]]
    assert told == events
    assert [each["type"] for each in told] == ["message.queued", "message.delivered"]
    assert json.loads(tested.stdout)["status"] == 200
    assert [each["type"] for each in log] == ["webhook.test", "message.delivered", "message.queued"]
    assert status == 200
    assert b'posthouse_webhook_tries_total{outcome="delivered"} 3.0' in metrics


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_kill_9_while_events_are_told_loses_none_by_sequence_number(tmp_path: Path) -> None:
    env = environment(tmp_path / "var", ALLOW_PRIVATE_NETWORKS="on", WORKERS="1")

    async def unhurried(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        await answer()(asked, writer)

    async with stranger(unhurried) as there:
        with running(env) as product:
            await ask(product, "POST", "/v1/webhooks", {"url": there.url("/hook")})
            sent = 0
            for _ in range(KILLS):
                for _ in range(40):
                    await asyncio.to_thread(product.send, None, to=f"user{sent}@example.com", **MAIL)
                    sent += 1
                (fanout,) = product.children("posthouse.app.child fanout")
                os.kill(fanout, signal.SIGKILL)
                await asyncio.sleep(1)
            await until_told(there, sent * 2, 90)
    sequences: dict[str, set[int]] = defaultdict(set)
    for asked in there.asked:
        data = json.loads(asked.body)["data"]
        sequences[data["messageId"]].add(data["sequence"])
    assert len(sequences) == sent
    assert all(found == {1, 2} for found in sequences.values())
