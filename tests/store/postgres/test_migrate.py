"""The schema is the sum of its migrations; regenerate the golden file with

POSTHOUSE_TEST_REGENERATE=1 pytest tests/store/postgres/test_migrate.py
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from posthouse.store.postgres import migrate as rules
from posthouse.store.postgres.database import Database, DatabaseRefused, connect
from posthouse.store.postgres.embedded import EmbeddedPostgres
from posthouse.store.postgres.migrate import Migration, current, latest, migrate, migrations
from tests.support.schema import describe

GOLDEN: Final = Path(__file__).with_name("schema.golden.txt")
# Databases keep the fingerprint of each script that was applied to them, and refuse a server whose script differs.
PUBLISHED: Final = {
    1: "e9a83038cb2fe7c3",
    2: "2c57a8296583a36d",
    3: "3d945d121114acc9",
    4: "f9757ce255d5a49b",
    5: "3efc239f8a13f553",
    6: "61e4065aa5cc457f",
    7: "45a5662eefc44fc0",
    8: "312990ce4decee16",
    9: "27348fee6c0ace0e",
    11: "3f191fd42d155f0e",
    10: "ae66415abcab7fbe",
}
EXTRA: Final = Migration(9001, "extra", "create table extra (n int)")


@pytest.fixture
async def empty(cluster: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database in which nothing was done yet."""
    admin = await asyncpg.connect(cluster.dsn)
    await admin.execute("create database empty")
    database = await connect(cluster.dsn.replace("/posthouse?", "/empty?"), size=4, application="test")
    yield database
    await database.close()
    await admin.execute("drop database empty with (force)")
    await admin.close()


def also(monkeypatch: pytest.MonkeyPatch, *more: Migration) -> None:
    known = migrations()
    monkeypatch.setattr(rules, "migrations", lambda: (*known, *more))


async def test_the_schema_is_the_sum_of_its_migrations(database: Database) -> None:
    async with database.session() as connection:
        found = await describe(connection)
    if os.environ.get("POSTHOUSE_TEST_REGENERATE"):
        GOLDEN.write_text(found)
    assert found == GOLDEN.read_text(), __doc__


def test_a_migration_that_was_published_is_never_edited_not_even_its_comments() -> None:
    found = {each.version: each.fingerprint.hex()[:16] for each in migrations()}
    assert {version: found.get(version) for version in PUBLISHED} == PUBLISHED
    assert len(found) == len(PUBLISHED), "add the new migration's fingerprint to PUBLISHED"


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [m.version for m in migrations()] == list(range(1, latest() + 1))


async def test_an_empty_database_is_brought_to_the_latest_and_then_left_alone(empty: Database) -> None:
    heard: list[str] = []
    assert await current(empty) == 0
    assert await migrate(empty, heard.append) == latest()
    assert await current(empty) == latest()
    assert len(heard) == latest()
    assert await migrate(empty, heard.append) == latest()
    assert len(heard) == latest()


async def test_two_at_once_apply_each_script_once(empty: Database) -> None:
    heard: list[str] = []
    await asyncio.gather(*(migrate(empty, heard.append) for _ in range(3)))
    assert len(heard) == latest()


async def test_a_database_newer_than_the_code_is_left_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        also(newer, EXTRA)
        assert await migrate(database, lambda _: None) == 9001
    assert await current(database) == 9001 > latest()
    assert await migrate(database, lambda _: None) == 9001


async def test_a_script_that_fails_leaves_nothing_and_the_ones_before_stay(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    also(monkeypatch, EXTRA, Migration(9002, "broken", "create table half (n int); select nothing_at_all"))
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(database, lambda _: None)
    assert await current(database) == 9001
    async with database.session() as connection:
        assert await connection.fetchval("select to_regclass('half')") is None


async def test_a_script_that_was_edited_after_it_was_applied_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrations()[0]
    monkeypatch.setattr(rules, "migrations", lambda: (Migration(1, first.name, first.script + "-- edited"),))
    with pytest.raises(DatabaseRefused, match="Migration 1"):
        await migrate(database, lambda _: None)
