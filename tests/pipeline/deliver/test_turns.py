"""Whoever sends one message does not wait for somebody's batch, and the batch does not wait for ever."""

import asyncio
from typing import Any

from posthouse.model.send_request import Caller, Environment, Rejection, SendRequest
from posthouse.pipeline.accept.accept import SLICE, AcceptParts, Intake
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW

TURNS = 30
CALLER = Caller(tenant=1, tenant_ref="t", environment=Environment.LIVE, credential="key_1", door="http")


class Order:
    """Drafts a batch's items at once and a single message in many turns, and keeps the order."""

    def __init__(self, turns: int) -> None:
        self.seen: list[str] = []
        self._turns = turns

    async def find_suppressions(self, *_: Any) -> None:
        return None

    async def draft(self, _caller: Caller, request: SendRequest, _now: Any, _known: Any = None) -> Rejection:
        if request.subject == "single":
            self.seen.append("begun")
            for _ in range(self._turns):
                await asyncio.sleep(0)
        self.seen.append(request.subject or "")
        return Rejection("no_route", "nobody sends here")


def asked(subject: str) -> SendRequest:
    return SendRequest(to=(), subject=subject)


def intake(order: Order) -> Intake:
    parts: Any = {"database": None, "clock": FakeClock(NOW), "entropy": None, "builder": order, "notify_workers": None}
    return Intake(AcceptParts(**parts))


async def test_a_message_of_many_turns_waits_for_a_slice_and_not_for_one_each_turn() -> None:
    order = Order(TURNS)
    desk = intake(order)
    await asyncio.gather(desk.accept_many(CALLER, [asked("item")] * (TURNS * SLICE * 2)), desk.accept(CALLER, asked("single")))
    waited = order.seen[order.seen.index("begun") : order.seen.index("single")].count("item")
    assert waited <= 2 * SLICE
    assert order.seen.count("item") == TURNS * SLICE * 2


async def test_a_batch_goes_on_beside_a_message_that_takes_long() -> None:
    order = Order(10**9)
    desk = intake(order)
    single = asyncio.create_task(desk.accept(CALLER, asked("single")))
    await desk.accept_many(CALLER, [asked("item")] * SLICE * 3)
    assert order.seen.count("item") == SLICE * 3
    single.cancel()
