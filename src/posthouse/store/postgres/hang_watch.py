"""Is the database hung? A server that stands still keeps its connections open, and a client would wait for an answer in vain.

A statement may take long for good reasons, so a time limit on statements is no way to tell. This asks the smallest question there
is, over a connection of its own, again and again; where no answer comes in time, everything that waits for the database in
this process is told that it is away (``Database.cut``), and the next session is refused at once until an answer comes.

What the server had received before it stood still may be committed when it goes on: a message whose sender was told 503 or
451 can be there all the same. A dedupe key makes the repetition safe, as after every lost answer.
"""

import asyncio
from typing import Final

import asyncpg
import structlog

from posthouse.store.postgres.database import Database, is_unavailable

log = structlog.get_logger()

EVERY: Final = 0.5  # seconds
SILENCE: Final = 2.5  # seconds
_SECOND_LOOK: Final = 0.2  # seconds


async def watch_for_hangs(dsn: str, database: Database, *, silence: float = SILENCE) -> None:
    """For ever. ``silence``: seconds without an answer that count as a hang."""
    while True:
        try:
            await _ask_again_and_again(dsn, database, silence)
        except TimeoutError:
            if not database.is_cut():
                log.warning("database hangs", seconds=silence)
            database.cut()
        except Exception as error:  # it is away, and says so to whoever asks; the pool needs no help
            if not is_unavailable(error):
                log.warning("database not watched", error=type(error).__name__)
            database.restore()
        await asyncio.sleep(EVERY)


async def _ask_again_and_again(dsn: str, database: Database, silence: float) -> None:
    """Until it does not answer. Errors: TimeoutError where that is a hang, else those of asyncpg."""
    connection = await asyncpg.connect(dsn, timeout=silence, server_settings={"application_name": "posthouse watch"})
    try:
        while True:
            if not await _answers(connection, silence):
                raise TimeoutError
            if database.is_cut():
                log.info("database answers again")
                database.restore()
            await asyncio.sleep(EVERY)
    finally:
        connection.terminate()


async def _answers(connection: "asyncpg.Connection[asyncpg.Record]", silence: float) -> bool:
    """Whether the smallest question is answered in time. Errors: those of asyncpg."""
    asking = asyncio.create_task(connection.execute("select 1"))
    await asyncio.wait([asking], timeout=silence)
    if not asking.done():  # it may be this process that stood still, and the answer is there to be read
        await asyncio.wait([asking], timeout=_SECOND_LOOK)
    if asking.done():
        asking.result()
        return True
    asking.cancel()
    return False
