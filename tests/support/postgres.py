"""A real Postgres for every test that asks: one embedded server a session, a fresh migrated database a test.

A database is a copy of a template, which costs a tenth of a second; so one that a test has used is emptied and used again, unless
the test changed more than rows. ``NOW`` is the moment the template's partitions were made for; rows of other weeks land in the
DEFAULT partitions.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from posthouse.store.postgres.database import Database, connect
from posthouse.store.postgres.embedded import EmbeddedPostgres
from posthouse.store.postgres.migrate import migrate
from posthouse.store.postgres.partition import ensure_partitions

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
T = TypeVar("T")
_NUMBER = count()
_OTHERS = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
)
_SHAPE = """
select string_agg(concat_ws(' ', c.oid, c.relkind, c.relname, c.relnatts, c.relhasindex, c.relhastriggers, c.relispartition), ',' order by c.oid)
from pg_class c where c.relnamespace = 'public'::regnamespace
"""
_FILLED = (
    "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0"
)
_CHANGED = """
select pg_database_size(current_database()) > 25 << 20
    or exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where d.datname = current_database())
"""
_RESTART = "select setval(seqrelid, seqstart, false) from pg_sequence"


def complete(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a loop of its own, leaving the test's loop alone."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[EmbeddedPostgres]:
    """A running server with a migrated database named ``template``."""
    with tempfile.TemporaryDirectory(prefix="posthouse-test-") as folder:
        server = EmbeddedPostgres(Path(folder), random=os.urandom)
        dsn = complete(server.start())
        try:
            complete(_make_template(dsn))
            yield server
        finally:
            complete(server.stop())


class Stock:
    """Databases that tests have used, put back as they were."""

    def __init__(self, cluster: EmbeddedPostgres) -> None:
        self._cluster = cluster
        self._free: list[str] = []
        self._shape = ""
        self._rows: dict[str, str] = {}  # of the template

    async def take(self) -> str:
        """The name of a database that is as the template."""
        if self._free:
            return self._free.pop()
        name = f"test_{next(_NUMBER)}"
        await _admin(self._cluster.dsn, f"create database {name} template template")
        if not self._shape:
            async with _connected(_named(self._cluster.dsn, name)) as connection:
                self._shape = await connection.fetchval(_SHAPE)
                for (table,) in await connection.fetch(_FILLED):
                    self._rows[table] = await connection.fetchval(f"select jsonb_agg(to_jsonb(t))::text from {table} t")
        return name

    async def give_back(self, name: str) -> None:
        """Whoever is still connected is put out. One whose tables are others than the template's, that has settings of its own or
        is large, is dropped.
        """
        async with _connected(_named(self._cluster.dsn, name)) as connection:
            await connection.execute(_OTHERS)
            same = await connection.fetchval(_SHAPE) == self._shape and not await connection.fetchval(_CHANGED)
            if same:
                await self._put_back(connection)
                self._free.append(name)
        if not same:
            await _admin(self._cluster.dsn, f"drop database {name} with (force)")

    async def _put_back(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await connection.execute("set session_replication_role = replica")  # in any order
        for (table,) in await connection.fetch(_FILLED):
            await connection.execute(f"delete from only {table}")
        for table, rows in self._rows.items():
            await connection.execute(
                f"insert into {table} select * from jsonb_populate_recordset(null::{table}, $1::jsonb)", rows
            )
        await connection.execute(_RESTART)


@pytest.fixture(scope="session")
def stock(cluster: EmbeddedPostgres) -> Stock:
    """Databases for all tests."""
    return Stock(cluster)


@pytest.fixture
async def database_dsn(cluster: EmbeddedPostgres, stock: Stock) -> AsyncIterator[str]:
    """The DSN of a fresh, migrated database."""
    name = await stock.take()
    yield _named(cluster.dsn, name)
    await stock.give_back(name)


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Database]:
    """A pool to a fresh, migrated database."""
    pool = await connect(database_dsn, size=8, application="test")
    yield pool
    await pool.close()


async def _make_template(dsn: str) -> None:
    await _admin(dsn, "create database template")
    pool = await connect(_named(dsn, "template"), size=1, application="template")
    await migrate(pool, lambda _: None)
    await ensure_partitions(pool, NOW, weeks_ahead=0)
    await pool.close()


async def _admin(dsn: str, statement: str) -> None:
    async with _connected(dsn) as connection:
        await connection.execute(statement)


@asynccontextmanager
async def _connected(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def _named(dsn: str, name: str) -> str:
    return dsn.replace("/posthouse?", f"/{name}?")
