"""A real Postgres for every test that asks: one embedded server a session, a fresh migrated database a test.

A database is a copy of a template, so it costs milliseconds. ``NOW`` is the moment the template's partitions
were made for; rows of other weeks land in the DEFAULT partitions.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from posthouse.store.database import Database, connect
from posthouse.store.embedded import EmbeddedPostgres
from posthouse.store.migrate import migrate
from posthouse.store.partition import ensure_partitions

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
T = TypeVar("T")
_NUMBER = count()


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


@pytest.fixture
async def database_dsn(cluster: EmbeddedPostgres) -> AsyncIterator[str]:
    """The DSN of a fresh, migrated database; gone after the test, whoever is still connected."""
    name = f"test_{next(_NUMBER)}"
    await _admin(cluster.dsn, f"create database {name} template template")
    yield _named(cluster.dsn, name)
    await _admin(cluster.dsn, f"drop database {name} with (force)")


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
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _named(dsn: str, name: str) -> str:
    return dsn.replace("/posthouse?", f"/{name}?")
