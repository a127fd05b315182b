"""The pool, what errors mean, and which servers are refused."""

import asyncio
import errno
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from posthouse.store.postgres.database import Database, DatabaseRefused, check_settings, connect, is_disk_full, is_unavailable

JSON: list[Any] = [None, {"a": [1, "ü", None]}, [], "text", 1.5, True]


@pytest.mark.parametrize("value", JSON[1:])
async def test_objects_go_through_jsonb_unchanged(database: Database, value: Any) -> None:
    async with database.session() as connection:
        assert await connection.fetchval("select $1::jsonb", value) == value


async def test_arrays_of_jsonb_keep_their_nulls(database: Database) -> None:
    objects = [None, {"a": [1, "ü", None]}, {}, None]
    async with database.session() as connection:
        assert await connection.fetchval("select $1::jsonb[]", objects) == objects


async def test_a_list_stands_in_an_array_of_jsonb_as_raw_json(database: Database) -> None:
    async with database.session() as connection:
        found = await connection.fetch("select * from unnest($1::jsonb[])", [msgspec.Raw(b'["a","b"]'), msgspec.Raw(b"[]"), None])
    assert [row[0] for row in found] == [["a", "b"], [], None]


async def test_the_planner_is_told_not_to_trust_statistics(database: Database) -> None:
    async with database.session() as connection:
        settings = [
            await connection.fetchval("select current_setting($1)", name)
            for name in ("plan_cache_mode", "enable_seqscan", "TimeZone")
        ]
    assert settings == ["force_generic_plan", "off", "UTC"]


async def test_a_transaction_left_open_does_not_reach_the_next_user(database_dsn: str) -> None:
    database = await connect(database_dsn, size=1, application="test")
    async with database.session() as connection:
        await connection.execute("begin")
    async with database.session() as connection:
        assert not connection.is_in_transaction()
    await database.close()


async def test_a_server_that_hangs_is_away_after_the_patience(database_dsn: str) -> None:
    database = await connect(database_dsn, size=1, application="test", patience=0.2)
    with pytest.raises(TimeoutError) as hung:
        async with database.session() as connection:
            await connection.execute("select pg_sleep(30)")
    async with database.session():
        with pytest.raises(TimeoutError) as crowded:
            async with database.session():
                pass
    assert is_unavailable(hung.value)
    assert is_unavailable(crowded.value)
    async with database.session() as connection:  # and it is there again
        assert await connection.fetchval("select 1") == 1
    await database.close()


async def test_the_clock_is_postgres_own(database: Database) -> None:
    first, second = await database.now(), await database.now()
    assert first.utcoffset() == timedelta(0)
    assert first < second


async def test_a_good_server_is_taken(database: Database) -> None:
    await check_settings(database)


@pytest.mark.parametrize("name", ["synchronous_commit"])
async def test_a_server_that_may_forget_is_refused(database_dsn: str, name: str) -> None:
    admin = await asyncpg.connect(database_dsn)
    database_name = await admin.fetchval("select current_database()")
    await admin.execute(f"alter database {database_name} set {name} = off")
    await admin.close()
    database = await connect(database_dsn, size=1, application="test")
    with pytest.raises(DatabaseRefused, match=f"{name} = off"):
        await check_settings(database)
    await database.close()


@pytest.mark.parametrize(
    "problem",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        TimeoutError(),
        asyncpg.AdminShutdownError("going down"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.ConnectionDoesNotExistError("lost"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.DiskFullError("no room"),
        asyncpg.ReadOnlySQLTransactionError("standby"),
        asyncpg.InvalidPasswordError("changed meanwhile"),
        asyncpg.InvalidCatalogNameError("being restored"),
        asyncpg.InterfaceError("connection is closed"),
    ],
)
def test_a_server_that_is_away_is_unavailable(problem: Exception) -> None:
    assert is_unavailable(problem)


@pytest.mark.parametrize(
    "problem",
    [
        asyncpg.UniqueViolationError("key"),
        asyncpg.DataError("value out of int32 range"),
        asyncpg.InterfaceError("another operation is in progress"),
        asyncpg.UndefinedTableError("message"),
        ValueError("ours"),
        asyncio.CancelledError(),
    ],
)
def test_our_own_bugs_are_not_called_unavailable(problem: BaseException) -> None:
    assert not is_unavailable(problem)


def test_only_a_full_disk_is_a_full_disk() -> None:
    assert is_disk_full(asyncpg.DiskFullError("no room"))
    assert not is_disk_full(asyncpg.OutOfMemoryError("memory"))
    assert not is_disk_full(OSError(errno.ENOSPC, "ours"))


async def test_what_asyncpg_says_of_a_killed_connection_and_a_closed_pool_is_unavailable(database_dsn: str) -> None:
    database = await connect(database_dsn, size=1, application="test")
    with pytest.raises(Exception) as killed:
        async with database.session() as connection:
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")
    await database.close()
    with pytest.raises(Exception) as closed:
        await database.now()
    assert is_unavailable(killed.value)
    assert is_unavailable(closed.value)
