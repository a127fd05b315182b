"""The brakes' own rhythm: every two seconds, nothing lost when the database is away, and the list's growth."""

from datetime import timedelta
from typing import Any, cast

import pytest

from posthouse.model.suppression import Cause, SuppressionEntry
from posthouse.net.entropy import Entropy
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import suppressions
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW

GMAIL = (1, 1, "gmail.test")
STEP = timedelta(seconds=2)


@pytest.fixture
async def held(database: Database) -> Database:
    async with database.session() as connection:
        await connection.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
    return database


def made(database: Any, clock: FakeClock) -> BounceBrakes:
    return BounceBrakes(database, cast("Any", clock), Entropy())


async def counted(database: Database) -> list[tuple[int, int]]:
    async with database.session() as connection:
        return [tuple(row) for row in await connection.fetch("select attempts, hard from provider_count where span = 0")]


async def test_what_is_heard_is_added_up_every_two_seconds_by_all_workers(held: Database) -> None:
    clock = FakeClock(NOW)
    one, two = made(held, clock), made(held, clock)
    for worker in (one, two):
        worker.count_answer(GMAIL, hard=True)
        worker.count_answer(GMAIL, hard=False)
        await worker.tick()
    assert await counted(held) == [(4, 2)]
    one.count_answer(GMAIL, hard=False)
    await one.tick()
    assert await counted(held) == [(4, 2)]
    clock.advance(STEP)
    await one.tick()
    assert await counted(held) == [(5, 2)]


async def test_a_brake_that_one_puts_on_the_other_hears_of_and_it_goes_off_by_itself(held: Database) -> None:
    clock = FakeClock(NOW)
    one, two = made(held, clock), made(held, clock)
    for _ in range(60):
        one.count_answer(GMAIL, hard=True)
    await one.tick()
    assert two.until(GMAIL, NOW) is None
    clock.advance(STEP)
    await two.tick()
    assert one.until(GMAIL, NOW) == two.until(GMAIL, NOW) == NOW + timedelta(minutes=30)
    assert two.until(GMAIL, NOW + timedelta(minutes=30)) is None


async def test_nothing_heard_is_lost_while_the_database_is_away(held: Database) -> None:
    class Away:
        def session(self) -> Any:
            raise OSError("gone")

    clock = FakeClock(NOW)
    brakes = made(Away(), clock)
    brakes.count_answer(GMAIL, hard=True)
    with pytest.raises(OSError, match="gone"):
        await brakes.tick()
    brakes.count_answer(GMAIL, hard=False)
    brakes._database = held
    clock.advance(STEP)
    await brakes.tick()
    assert await counted(held) == [(2, 1)]


@pytest.mark.parametrize(("week", "day", "told"), [(0, 100, 1), (0, 99, 0), (140, 100, 0), (140, 101, 1)])
async def test_a_list_that_grows_five_times_as_fast_is_told_of_once_a_day(held: Database, week: int, day: int, told: int) -> None:
    clock, entropy = FakeClock(NOW), Entropy()
    async with held.session() as connection:
        for count, when in ((week, NOW - timedelta(days=3)), (day, NOW)):
            news = [
                SuppressionEntry(
                    address=f"u{n}@{when.day}.test", lookup=f"{when.day}-{n}".encode(), cause=Cause.MANUAL, source="api"
                )
                for n in range(count)
            ]
            await suppressions.add(connection, 1, 1, news, when, entropy.new_id)
    brakes = made(held, clock)
    for _ in range(3):
        await brakes.tick()
        clock.advance(timedelta(minutes=5))
    async with held.session() as connection:
        assert await connection.fetchval("select count(*) from event where type = 'alert.suppression_growth'") == told
