"""Hooks of providers: an unknown one, an unsigned one, and a body that is too large or never arrives. Journeys prove the rest."""

import asyncio
import os
from typing import Any

import pytest
from starlette.requests import Request

from posthouse.doors.hooks.hook_endpoint import MOST_BYTES, HookParts, receive_hook
from posthouse.model.clock import Clock
from posthouse.net.entropy import Entropy
from posthouse.pipeline.feedback.receive import FeedbackReceiver
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import hooks
from posthouse.store.tenants import tenants
from posthouse.testing.clock import FakeClock
from tests.support.http_door import SEALER
from tests.support.postgres import NOW

PROVIDER = "postmark"


async def no_certificate(_url: str) -> bytes | None:
    return None


@pytest.fixture
def parts(database: Database) -> HookParts:
    clock: Clock = FakeClock(NOW)
    return HookParts(
        database=database,
        receiver=FeedbackReceiver(database=database, sealer=SEALER, clock=clock, new_id=Entropy().new_id),
        clock=clock,
        secrets={PROVIDER: "user:password"},
        certificate=no_certificate,
        body_seconds=0.05,
    )


@pytest.fixture
async def token(database: Database, parts: HookParts) -> str:
    async with database.session() as session:
        tenant = await tenants.create(session, "first", NOW)
        return await hooks.add(session, tenant.id, 1, PROVIDER, id=parts.receiver.new_id(NOW), now=NOW, random=os.urandom)


async def call(parts: HookParts, token: str, *chunks: bytes, is_complete: bool = True) -> int:
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting[-1]["more_body"] = not is_complete

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.sleep(5)
        return waiting.pop(0)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [],
        "path_params": {"provider": PROVIDER, "token": token},
    }
    return (await receive_hook(parts, Request(scope, receive))).status_code


async def test_a_token_that_nobody_made_is_not_found(parts: HookParts) -> None:
    assert await call(parts, "x", b"{}") == 404


async def test_a_call_that_is_not_the_providers_is_unauthenticated(parts: HookParts, token: str) -> None:
    assert await call(parts, token, b"{}") == 401


async def test_a_body_beyond_the_limit_is_too_large(parts: HookParts, token: str) -> None:
    assert await call(parts, token, b"x" * MOST_BYTES, b"x") == 413


async def test_a_body_that_never_arrives_is_not_waited_for(parts: HookParts, token: str) -> None:
    assert await call(parts, token, b"{", is_complete=False) == 503
