"""Opening the store: embedded and outside, and what is refused in one sentence."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from posthouse.ops import secret_key
from posthouse.ops.open_store import StoreOptions, open_store, reach
from posthouse.store.postgres import vitals
from posthouse.store.postgres.migrate import current, latest
from posthouse.store.postgres.ownership import DirectoryInUse
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.seal import Sealer
from tests.support.postgres import NOW

KEY = "a secret key of the tests that is long enough"


def _opening(data_dir: Path, **changes: Any) -> StoreOptions:
    fields: dict[str, Any] = {"database_url": None, "data_dir": data_dir, "secret_keys": (), "random": os.urandom, "now": NOW}
    return StoreOptions(**(fields | changes))


async def _refusal(opening: StoreOptions) -> str:
    with pytest.raises(StoreRefusal) as caught:
        await open_store(opening)
    return str(caught.value)


async def test_an_embedded_store_is_made_joined_and_owned_by_one(tmp_path: Path) -> None:
    told: list[str] = []
    first = await open_store(_opening(tmp_path, create=True, own=True, progress=told.append))
    try:
        assert told
        assert first.embedded is not None
        assert first.secret_keys == (secret_key.read_key(tmp_path),)
        assert await current(first.database) == latest()
        with pytest.raises(DirectoryInUse):
            await open_store(_opening(tmp_path, create=True, own=True))
        second = await open_store(_opening(tmp_path))
        assert second.embedded is None
        await second.close()
        assert await first.database.now()
    finally:
        await first.close()


async def test_a_lost_or_foreign_key_of_an_embedded_store_stops_it(tmp_path: Path) -> None:
    await (await open_store(_opening(tmp_path, create=True))).close()
    key = tmp_path / secret_key.FILE
    kept = key.rename(tmp_path / "backup")
    assert "is missing" in await _refusal(_opening(tmp_path, create=True))
    assert not key.exists()
    key.write_text("another")
    assert str(key) in await _refusal(_opening(tmp_path))
    assert "POSTHOUSE_SECRET_KEY" in await _refusal(_opening(tmp_path, secret_keys=("wrong",)))
    kept.rename(key)
    await (await open_store(_opening(tmp_path))).close()


async def test_where_there_is_no_database_none_is_made_unasked(tmp_path: Path) -> None:
    assert "posthouse init" in await _refusal(_opening(tmp_path / "var"))
    assert not (tmp_path / "var").exists()


async def test_an_outside_database_wants_its_key_and_its_schema(cluster: Any, database_dsn: str, tmp_path: Path) -> None:
    bare = cluster.dsn.replace("/posthouse?", "/postgres?")
    assert "POSTHOUSE_SECRET_KEY is not set" in await _refusal(_opening(tmp_path, database_url=database_dsn))
    assert "posthouse migrate" in await _refusal(_opening(tmp_path, database_url=bare, secret_keys=(KEY,)))
    store = await open_store(_opening(tmp_path, database_url=database_dsn, secret_keys=(KEY,)))
    assert store.embedded is None
    await store.close()
    assert "not the one" in await _refusal(_opening(tmp_path, database_url=database_dsn, secret_keys=("other",)))


async def test_a_database_that_only_reads_is_told_before_anything_starts(database_dsn: str, tmp_path: Path) -> None:
    outside = {"database_url": database_dsn, "secret_keys": (KEY,)}
    await (await open_store(_opening(tmp_path, **outside))).close()
    owner = await asyncpg.connect(database_dsn)
    name = await owner.fetchval("select current_database()")
    await owner.execute(f"alter database {name} set default_transaction_read_only = on")
    try:
        assert "only reads" in await _refusal(_opening(tmp_path, own=True, **outside))
        await (await open_store(_opening(tmp_path, **outside))).close()  # who only looks may do so
        later = await asyncpg.connect(database_dsn)
        with pytest.raises(StoreRefusal, match="only reads"), vitals.errors_as_refusals():
            await later.execute("create table t ()")
        await later.close()
    finally:
        await owner.execute("set default_transaction_read_only = off")
        await owner.execute(f"alter database {name} reset default_transaction_read_only")
        await owner.close()


async def test_a_user_who_may_not_make_tables_is_told_what_is_forbidden(cluster: Any, database_dsn: str, tmp_path: Path) -> None:
    owner = await asyncpg.connect(cluster.dsn.replace("/posthouse?", "/postgres?"))
    await owner.execute("create role humble login password 'humble'")
    try:
        bare = f"postgresql://humble:humble@{cluster.dsn.partition('@')[2]}".replace("/posthouse?", "/postgres?")
        text = await _refusal(_opening(tmp_path, database_url=bare, secret_keys=(KEY,), migrate=True))
        assert "permission denied for schema public" in text
        assert text.endswith("grant it to the user of POSTHOUSE_DATABASE_URL.")
    finally:
        await owner.execute("drop role humble")
        await owner.close()


@pytest.mark.parametrize(
    "address", ["postgresql://127.0.0.1:1/x", "postgresql://[::1/x", "postgresql:///x?host=/nowhere", "postgresql://h:port/x"]
)
async def test_an_address_that_leads_nowhere_is_a_sentence(tmp_path: Path, address: str) -> None:
    text = await _refusal(_opening(tmp_path, database_url=address, secret_keys=(KEY,)))
    assert text.endswith((".", "?"))
    assert "\n" not in text


async def test_a_wrong_password_is_a_sentence_without_it(database_dsn: str, tmp_path: Path) -> None:
    password = database_dsn.partition(":")[2].partition(":")[2].partition("@")[0]
    wrong = _opening(tmp_path, database_url=database_dsn.replace(password, "hunter2"), secret_keys=(KEY,))
    assert "hunter2" not in await _refusal(wrong)


async def test_a_server_is_reached_whatever_is_in_it(cluster: Any, tmp_path: Path) -> None:
    bare = cluster.dsn.replace("/posthouse?", "/postgres?")
    reached = await reach(_opening(tmp_path, database_url=bare))
    assert await current(reached.database) == 0
    await reached.close()


async def test_a_short_key_becomes_the_key_of_no_database(database_dsn: str, tmp_path: Path) -> None:
    outside = partial(_opening, tmp_path, database_url=database_dsn)
    for keys in (("abc",), ("x" * 31,), ("\u00e9" * 15,), (KEY, "abc"), ("abc", KEY)):
        assert "at least 32 bytes" in await _refusal(outside(secret_keys=keys))
    await (await open_store(outside(secret_keys=("\u00e9" * 16,)))).close()
    assert "at least 32 bytes" in await _refusal(outside(secret_keys=("abc", "\u00e9" * 16)))


async def test_a_database_under_a_short_key_opens_and_is_rotated_away_from_it(database_dsn: str, tmp_path: Path) -> None:
    outside = partial(_opening, tmp_path, database_url=database_dsn)
    owner = await asyncpg.connect(database_dsn)
    check = Sealer(("abc",), os.urandom).checks[0]
    await owner.execute("insert into installation (secret_check) values ($1)", check)
    await owner.close()
    for keys in (("abc",), ("abc", KEY), (KEY, "abc"), (KEY, "abc"), (KEY,)):
        await (await open_store(outside(secret_keys=keys))).close()
    assert "at least 32 bytes" in await _refusal(outside(secret_keys=("abc", KEY)))
    assert "not the one" in await _refusal(outside(secret_keys=("abc",)))
