"""How a child reaches its store: it waits while the store is away, and prepares what every request will need.

Known sharp edges: a child that is told to stop while it waits ends at once, with exit code 0.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from posthouse.store.postgres.database import PATIENCE, Database, Session, connect, is_crowded, is_unavailable

log = structlog.get_logger()

RETRY_SECONDS: Final = (0.1, 0.1, 0.2, 0.5, 1.0, 2.0)  # between two attempts; the last again and again
LISTENER_PATIENCE: Final = 15.0  # seconds; a client that waits for a listener's answer learns by then that the database is away


class StorePool(msgspec.Struct, frozen=True, kw_only=True):
    """The connections that a role keeps. ``application``: their name in Postgres.

    ``size`` and ``idle``: at most, and from the beginning. ``patience``: as that of ``database.connect``.
    """

    size: int
    idle: int
    application: str
    patience: float = PATIENCE


async def connect_store(dsn: str, pool: StorePool, stop: asyncio.Event) -> Database:
    """The pool, waited for until Postgres answers.

    Errors: SystemExit where ``stop`` comes first; what is no absence of Postgres.
    """
    attempts = 0
    while not stop.is_set():
        try:
            return await connect(dsn, size=pool.size, application=pool.application, patience=pool.patience, idle=pool.idle)
        except Exception as error:
            if not is_unavailable(error):
                raise
            if is_crowded(error) and not attempts:
                log.warning("database has no connection left", process=pool.application)
        await asyncio.sleep(RETRY_SECONDS[min(attempts, len(RETRY_SECONDS) - 1)])
        attempts += 1
    raise SystemExit(0)


async def prepare_statements(database: Database, work: Callable[[Session], Awaitable[object]]) -> None:
    """Run ``work`` once on every connection: no request should wait the ten milliseconds that preparing its statements takes."""
    try:
        await database.everywhere(work)
    except Exception as error:
        if not is_unavailable(error):
            raise
