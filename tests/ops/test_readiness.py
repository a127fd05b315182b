"""What a balancer hears: mail can be accepted while a relay is down, and one answer is made for all who ask."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from posthouse.ops.readiness import Readiness
from posthouse.store.installation import secret_check
from posthouse.store.postgres.database import Database
from posthouse.store.queue import workers
from posthouse.testing.clock import FakeClock
from tests.support.accepted import SEALER
from tests.support.postgres import NOW


class Routes:
    """Probes of the routes, counted."""

    reasons: tuple[str, ...] = ()
    asked = 0

    async def __call__(self) -> list[str]:
        self.asked += 1
        return list(self.reasons)


async def readiness(database: Database, tmp_path: Path, clock: FakeClock, routes: Routes) -> Readiness:
    await secret_check.prove(database, SEALER)
    return Readiness(database, SEALER, clock, tmp_path, routes)


async def test_a_relay_that_is_down_and_workers_that_are_away_stop_no_intake(database: Database, tmp_path: Path) -> None:
    clock, routes = FakeClock(NOW), Routes()
    routes.reasons = ("no route can be used",)
    ready = await readiness(database, tmp_path, clock, routes)
    assert await ready.reasons(for_sending=False) == []
    assert await ready.reasons(for_sending=True) == [
        "no route can be used",
        "no delivery worker has been heard of for 15 seconds",
    ]


async def test_a_worker_that_was_heard_of_within_fifteen_seconds_is_enough(database: Database, tmp_path: Path) -> None:
    clock = FakeClock(NOW)
    async with database.session() as session:
        await workers.register(session, "boot", "/marks", os.getpid(), NOW, NOW + timedelta(seconds=10))
    ready = await readiness(database, tmp_path, clock, Routes())
    assert await ready.reasons(for_sending=True) == []
    clock.advance(timedelta(seconds=16))
    assert await ready.reasons(for_sending=True) == ["no delivery worker has been heard of for 15 seconds"]


async def test_an_answer_is_made_once_a_second_however_many_ask(database: Database, tmp_path: Path) -> None:
    clock, routes = FakeClock(NOW), Routes()
    ready = await readiness(database, tmp_path, clock, routes)
    await asyncio.gather(*(ready.reasons(for_sending=True) for _ in range(30)))
    assert routes.asked == 1


async def test_a_database_that_is_away_is_a_reason(database: Database, tmp_path: Path) -> None:
    ready = await readiness(database, tmp_path, FakeClock(NOW), Routes())
    await database.close()
    assert await ready.reasons(for_sending=False) == ["the database does not answer"]
