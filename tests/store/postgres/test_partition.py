"""Partitions: the right weeks, made without blocking, dropped by class."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from posthouse.model import ids
from posthouse.store.postgres.database import Database
from posthouse.store.postgres.partition import (
    KEPT,
    WEEK,
    WEEKS_AHEAD,
    Partition,
    drop_partitions,
    ensure_partitions,
    is_over,
    needed_partitions,
    week,
)
from tests.support.postgres import NOW

EVENT = "insert into event (tenant, environment, id, type, at) values (1, 1, $1, 'alert.delivery_failed', $2)"
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


async def names(database: Database, parent: str) -> set[str]:
    async with database.session() as connection:
        return {
            row[0]
            for row in await connection.fetch(
                "select inhrelid::regclass::text from pg_inherits where inhparent = $1::regclass", parent
            )
        }


async def insert(database: Database, moment: datetime) -> str:
    """Insert an event of that moment; the partition it landed in."""
    identifier = ids.new(int(moment.timestamp() * 1000), 7)
    async with database.session() as connection:
        await connection.execute(EVENT, identifier, moment)
        return str(await connection.fetchval("select tableoid::regclass::text from event where id = $1", identifier))


@pytest.mark.parametrize("moment", [MONDAY, MONDAY + timedelta(hours=12), MONDAY + WEEK - timedelta(milliseconds=1)])
def test_a_week_begins_on_monday_in_utc(moment: datetime) -> None:
    assert week(moment) == MONDAY
    assert week(MONDAY - timedelta(milliseconds=1)) == MONDAY - WEEK


def test_last_week_to_thirteen_weeks_ahead_and_a_default_are_wanted_for_every_table() -> None:
    found = [p for p in needed_partitions(NOW) if p.parent == "inbox"]
    assert found[0] == Partition("inbox", None)
    assert [p.since for p in found[1:]] == [MONDAY + n * WEEK for n in range(-1, WEEKS_AHEAD + 1)]
    assert {p.parent for p in needed_partitions(NOW)} == set(KEPT)


@pytest.mark.parametrize(
    ("table", "days"), [("content_brief", 7), ("content_standard", 90), ("content_record", 400), ("event", 400), ("inbox", 7)]
)
def test_a_partition_is_over_when_its_youngest_row_is(table: str, days: int) -> None:
    partition = Partition(table, MONDAY)
    end = MONDAY + WEEK + timedelta(days=days)
    assert not is_over(partition, end - timedelta(milliseconds=1))
    assert is_over(partition, end)
    assert not is_over(Partition(table, None), end + timedelta(days=5000))


async def test_rows_land_in_their_week_and_strays_in_default(database: Database) -> None:
    await ensure_partitions(database, NOW)
    assert await insert(database, MONDAY) == "event_p20261123"
    assert await insert(database, MONDAY - timedelta(milliseconds=1)) == "event_p20261116"
    assert await insert(database, MONDAY + timedelta(days=400)) == "event_default"


async def test_making_twice_makes_nothing_new(database: Database) -> None:
    assert await ensure_partitions(database, NOW) == WEEKS_AHEAD * len(KEPT)
    assert await ensure_partitions(database, NOW) == 0
    assert await ensure_partitions(database, NOW + WEEK) == len(KEPT)


async def test_two_processes_making_at_once_both_end_well(database: Database) -> None:
    later = NOW + 2 * WEEK
    await asyncio.gather(ensure_partitions(database, later, 1), ensure_partitions(database, later, 1))
    assert await ensure_partitions(database, later, 1) == 0


async def test_a_week_with_strays_is_left_out_and_the_rest_goes_on(database: Database) -> None:
    assert await insert(database, MONDAY + 2 * WEEK) == "event_default"
    assert await ensure_partitions(database, NOW, 2) == 2 * len(KEPT) - 1
    assert "event_p20261207" not in await names(database, "event")
    assert "message_p20261207" in await names(database, "message")


async def test_making_does_not_wait_for_writers(database: Database) -> None:
    async with database.transaction() as busy:
        await busy.execute(EVENT, ids.new(int(NOW.timestamp() * 1000), 1), NOW)
        await ensure_partitions(database, NOW, 1)
        assert "event_p20261130" in await names(database, "event")


async def test_what_is_past_its_time_is_dropped_by_class(database: Database) -> None:
    await ensure_partitions(database, NOW, 0)
    later = MONDAY + WEEK + timedelta(days=90)
    assert await drop_partitions(database, later) == 8
    assert await names(database, "content_brief") == {"content_brief_default"}
    assert await names(database, "content_standard") == {"content_standard_default"}
    assert "content_record_p20261123" in await names(database, "content_record")
    assert await drop_partitions(database, later) == 0


async def test_a_drop_gives_up_rather_than_block_traffic(database: Database) -> None:
    async with database.transaction() as busy:
        await busy.execute("select count(*) from inbox")
        dropped = await drop_partitions(database, MONDAY + WEEK + timedelta(days=7))
    assert dropped == 3
    assert await drop_partitions(database, MONDAY + WEEK + timedelta(days=7)) == 2
