"""A deep queue is claimed as fast as a shallow one, also while a snapshot is open elsewhere (F-13, F-33).

Rates are compared within one run, never with a clock on the wall.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead, LeasedDelivery
from posthouse.model.settlement import Settlement
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue, settle, workers
from tests.support import rows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BATCH = 200

FILL = """
insert into queue (tenant, environment, message, position, lane, flow, deadline, state, expires_at, since, site, recipient,
    header_domain, type, keep, flags, size)
select 1, 1, gen_random_uuid(), 0, $1, 1, $2::timestamptz + n * interval '1 millisecond', 0, $2::timestamptz + interval '3 days', $2,
    'sink.example', 'u' || n || '@sink.example', 'shop.example', 'newsletter', 1, 0, 2000
from generate_series(1, $3::int) n
"""


class Drain:
    """Claims and settles batch by batch, as a worker would."""

    def __init__(self, connection: Any, number: int) -> None:
        self._connection = connection
        self._number = number
        self._heads: list[FlowHead] = []

    async def take(self, count: int) -> float:
        """Claim and settle ``count``; how many a second."""
        began, taken = time.perf_counter(), 0
        while taken < count:
            if not self._heads:
                self._heads = await queue.flows_ready(self._connection, Lane.BULK)
                assert self._heads, f"nothing left after {taken}"
            claimed, marks = await queue.claim(self._connection, self._number, NOW, [(head, BATCH) for head in self._heads], ())
            self._heads = list(marks.values())
            await settle.settle(self._connection, self._number, [settled(each) for each in claimed], RULE)
            taken += len(claimed)
        return taken / (time.perf_counter() - began)


def settled(claimed: LeasedDelivery) -> Settlement:
    return Settlement(
        delivery=claimed, attempt=None, event="message.delivered", event_id=rows.new_id(NOW), event_data=None, at=NOW
    )


@pytest.fixture
async def drain(database: Database) -> Any:
    async with database.session() as held:
        await held.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
        number = await workers.register(held, "host", "/tmp/marks", 1, NOW, NOW + timedelta(hours=1))
        yield held, Drain(held, number)


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_million_queued_are_claimed_at_six_tenths_of_the_rate_of_a_thousand(drain: Any) -> None:
    connection, draining = drain
    shallow = []
    for _ in range(20):
        await connection.execute(FILL, Lane.BULK, NOW, 1000)
        shallow.append(await draining.take(1000))
    await connection.execute(FILL, Lane.BULK, NOW, 1_000_000, timeout=300)
    deep = await draining.take(20_000)
    usual = sorted(shallow)[len(shallow) // 2]
    sys.stdout.write(f"claim and settle: {usual:.0f}/s at a thousand, {deep:.0f}/s at a million ({deep / usual:.2f})\n")
    assert deep >= 0.6 * usual


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_an_open_snapshot_elsewhere_does_not_slow_the_claims(database: Database, drain: Any) -> None:
    connection, draining = drain
    await connection.execute(FILL, Lane.BULK, NOW, 510_000, timeout=300)
    async with database.session() as other:
        snapshot = other.transaction(isolation="repeatable_read")
        await snapshot.start()
        await other.fetchval("select count(*) from tenant")
        fifths = [await draining.take(100_000) for _ in range(5)]
        await snapshot.rollback()
    sys.stdout.write(f"with a snapshot open, a fifth at a time: {', '.join(f'{rate:.0f}/s' for rate in fifths)}\n")
    assert fifths[-1] >= 0.8 * fifths[0]
