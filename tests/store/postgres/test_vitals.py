"""What doctor asks the database."""

from datetime import timedelta

import asyncpg
import pytest

from posthouse.store.messages import accept
from posthouse.store.postgres import vitals
from posthouse.store.postgres.database import Database, DatabaseRefused
from tests.support import rows
from tests.support.postgres import NOW


async def test_a_server_tells_its_time_settings_and_age(database: Database) -> None:
    found = await vitals.server(database)
    assert abs(found.now - await database.now()) < timedelta(minutes=1)
    assert found.unsafe == ()
    assert not found.read_only
    assert 0 < found.frozen_age < found.freeze_at


async def test_an_empty_queue_has_no_oldest(database: Database) -> None:
    assert await vitals.queue(database) == vitals.QueueVitals(0, None, 0, 0)


async def test_the_oldest_ready_delivery_counts_from_its_trigger(database: Database) -> None:
    async with database.session() as connection:
        await connection.execute("insert into tenant (ref, name, created_at) values ('t1', 'x', now())")
        flow = await accept.flow(connection, 1, 1, "transactional")
        for age in (1, 3, 2):
            row = rows.message(NOW, flow=flow, since=NOW - timedelta(hours=age))
            await accept.accept(connection, [row], NOW, rows.new_id)
    found = await vitals.queue(database)
    assert (found.ready, found.oldest_ready) == (3, NOW - timedelta(hours=3))


async def test_a_database_is_sealed_once_a_key_was_proven(database: Database) -> None:
    assert not await vitals.is_sealed(database)
    async with database.session() as connection:
        await connection.execute("insert into installation (secret_check) values ('x')")
    assert await vitals.is_sealed(database)


async def test_a_server_that_goes_away_is_a_sentence_and_a_bug_stays_one(database: Database) -> None:
    async with database.session() as connection:
        with pytest.raises(DatabaseRefused, match="went away"), vitals.errors_as_refusals():
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(asyncpg.SyntaxOrAccessError), vitals.errors_as_refusals():
        async with database.session() as connection:
            await connection.execute("select nonsense")
