"""How the database is: what ``doctor`` and start-up look at, in one round trip, and whether it can be reached at all.

Known sharp edges: the age of the oldest ready row reads every ready row of the queue's index; a person waits for
it gladly, a probe that runs every second must not ask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

import asyncpg
import msgspec

from posthouse.store.postgres.database import Database, DatabaseRefused, connect, is_crowded, is_unavailable

ONLY_READS: Final = (
    "The database only reads (a standby, or default_transaction_read_only); point POSTHOUSE_DATABASE_URL at the primary."
)
CROWDED: Final = (
    "Postgres has no connection left for us; raise its max_connections, or end what holds them (`posthouse doctor` counts ours)."
)
_SAFE: Final = ("fsync", "full_page_writes", "synchronous_commit")
_SERVER: Final = """
select clock_timestamp(),
       current_setting('server_version'),
       pg_is_in_recovery() or current_setting('default_transaction_read_only')::bool,
       (select age(datfrozenxid) from pg_database where datname = current_database()),
       current_setting('autovacuum_freeze_max_age')::bigint,
       (select array_agg(name order by name) from pg_settings where name = any($1::text[]) and setting = 'off')
"""
_QUEUE: Final = """
select count(*) filter (where state = 0), min(since) filter (where state = 0),
       count(*) filter (where state = 2), count(*) filter (where state = 1)
from queue
"""
_CONNECTIONS: Final = """
select count(*) filter (where application_name like 'posthouse%'), count(*),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
from pg_stat_get_activity(null) where backend_type = 'client backend'
"""
_SEALED: Final = "select exists (select from installation where secret_check is not null)"


class ServerVitals(msgspec.Struct, frozen=True):
    """``now``: the server's clock. ``frozen_age``: transactions since the last freeze; at ``freeze_at`` vacuum is forced."""

    now: datetime
    version: str
    read_only: bool
    frozen_age: int
    freeze_at: int
    unsafe: tuple[str, ...]


class QueueVitals(msgspec.Struct, frozen=True):
    """Rows by state; ``oldest_ready``: since when the longest-waiting ready delivery waits, None where none is."""

    ready: int
    oldest_ready: datetime | None
    waiting: int
    leased: int


class ConnectionVitals(msgspec.Struct, frozen=True):
    """``ours``: those of Posthouse, on all hosts; ``all``: of everybody; ``most``: what the server allows to ordinary users."""

    ours: int
    all: int
    most: int


async def reach(dsn: str, *, size: int, application: str, idle: int = 1) -> Database:
    """``database.connect`` with its errors said in a sentence. Errors: DatabaseRefused."""
    try:
        return await connect(dsn, size=size, application=application, idle=idle)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as problem:
        raise DatabaseRefused(f"Postgres refuses us: {problem}; check POSTHOUSE_DATABASE_URL.") from None
    except (ValueError, asyncpg.ClientConfigurationError) as problem:
        raise DatabaseRefused(
            f"POSTHOUSE_DATABASE_URL cannot be used ({type(problem).__name__}); check how it is written."
        ) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as problem:
        if not is_unavailable(problem):
            raise
        if is_crowded(problem):
            raise DatabaseRefused(CROWDED) from None
        raise DatabaseRefused(f"Postgres does not answer ({problem or type(problem).__name__}); is it running?") from None


@contextmanager
def errors_as_refusals() -> Iterator[None]:
    """Raise DatabaseRefused, with one sentence, where the database goes away, only reads or forbids; other errors pass."""
    try:
        yield
    except asyncpg.ReadOnlySQLTransactionError:
        raise DatabaseRefused(ONLY_READS) from None
    except asyncpg.InsufficientPrivilegeError as problem:
        raise DatabaseRefused(f"Postgres forbids it: {problem}; grant it to the user of POSTHOUSE_DATABASE_URL.") from None
    except (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        ConnectionRefusedError,
        TimeoutError,
    ) as problem:
        if not is_unavailable(problem):
            raise
        raise DatabaseRefused(f"Postgres went away meanwhile ({problem or type(problem).__name__}); try again.") from None


async def server(database: Database) -> ServerVitals:
    """The server's clock, settings and the age of its oldest transaction id."""
    async with database.session() as session:
        now, version, read_only, age, limit, unsafe = await session.fetchrow(_SERVER, list(_SAFE))
    return ServerVitals(now, version, read_only, age, limit, tuple(unsafe or ()))


async def queue(database: Database) -> QueueVitals:
    """How much is queued, and since when the oldest ready delivery waits."""
    async with database.session() as session:
        return QueueVitals(*await session.fetchrow(_QUEUE))


async def connections(database: Database) -> ConnectionVitals:
    """How many of the server's connections are taken."""
    async with database.session() as session:
        return ConnectionVitals(*await session.fetchrow(_CONNECTIONS))


async def is_sealed(database: Database) -> bool:
    """Whether a secret key was proven on this database before."""
    async with database.session() as session:
        return bool(await session.fetchval(_SEALED))
