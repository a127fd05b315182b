"""A server that stands still is told from a statement that takes long, and everybody who waits hears of it."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator

import pytest

from posthouse.store.postgres.database import Database
from posthouse.store.postgres.hang_watch import watch_for_hangs


@contextlib.asynccontextmanager
async def watching(dsn: str, database: Database, silence: float) -> AsyncIterator[None]:
    task = asyncio.create_task(watch_for_hangs(dsn, database, silence=silence))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_statement_that_takes_long_is_no_hang(database: Database, database_dsn: str) -> None:
    async with watching(database_dsn, database, 0.5), database.session() as session:
        await session.execute("select pg_sleep(1.5)")
    assert not database.is_cut()


async def test_a_process_that_stood_still_itself_takes_the_database_for_no_culprit(database: Database, database_dsn: str) -> None:
    async with watching(database_dsn, database, 0.3):
        for _ in range(4):
            await asyncio.sleep(0.55)  # until a question is on its way, or nearly
            time.sleep(0.6)  # noqa: ASYNC251 - the loop stands still
            await asyncio.sleep(0.3)
            assert not database.is_cut()


async def test_whoever_waits_is_told_at_once_and_whoever_comes_too_until_it_answers(database: Database) -> None:
    async def wait() -> None:
        async with database.session() as session:
            await session.execute("select pg_sleep(60)")

    waiting = [asyncio.create_task(wait()) for _ in range(12)]  # more than there are connections
    await asyncio.sleep(0.2)
    async with asyncio.timeout(5):
        database.cut()
        database.cut()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {TimeoutError}
    with pytest.raises(TimeoutError):
        await wait()
    database.restore()
    assert await database.now()


async def test_a_server_that_gives_no_answer_is_a_hang(database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts, and nobody reads
        dsn = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/x?sslmode=disable"
        async with watching(dsn, database, 0.3):
            for _ in range(100):
                if database.is_cut():
                    break
                await asyncio.sleep(0.05)
    assert database.is_cut()
