"""The pool of connections to Postgres, what their errors mean, and which servers we refuse.

A lost server is not a bug: ``is_unavailable`` and ``is_disk_full`` say which exceptions mean *try again
later*, so that doors answer 503 and 451 instead of 500.

Known sharp edges: a connection returns to the pool without ``RESET ALL`` (a round trip per use), so whoever sets
something on a session, listens, or takes a session lock keeps the connection to its end or undoes it. The
planner is set up to use indexes whatever statistics say: tables here are emptied and filled faster than they are analysed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import asyncpg
import msgspec

from posthouse.store.postgres.binaries import OLDEST
from posthouse.store.postgres.refusal import StoreRefusal

if TYPE_CHECKING:
    from asyncpg import Connection, Pool, Record

# What ``session`` and ``transaction`` yield. Other rooms pass it to functions of the store, and call nothing of it but
# ``transaction``.
Session: TypeAlias = "Connection[Record]"

_PLANNER: Final = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
}
_SAFE: Final = ("fsync", "full_page_writes", "synchronous_commit")
_SETTINGS: Final = "select name, setting from pg_settings where name = any($1::text[])"
# 08 connection, 53 resources, 57P01-03 going down or coming up, 25006 a standby after a failover.
_AWAY: Final = frozenset({"57P01", "57P02", "57P03", "25006"})
_AWAY_CLASSES: Final = frozenset({"08", "53"})
_SHUT_OUT: Final = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
PATIENCE: Final = 60.0  # seconds
_RELEASE: Final = 2.0  # seconds until a connection that a cancelled statement does not leave is given up
_IDLE_SECONDS: Final = 300.0
_QUERIES: Final = 2_000_000  # of a connection's life; a new one has every statement to prepare again
_JSONB: Final = b"\x01"  # the version byte of jsonb on the wire


class DatabaseRefused(StoreRefusal):
    """The server's settings would break what we promise."""


class Database:
    """A pool. Made by ``connect``; safe to share between tasks, not between processes."""

    def __init__(self, pool: "Pool[Record]", patience: float, application: str) -> None:
        self._pool = pool
        self._patience = patience
        self._application = application
        self._waiting: set[asyncio.Timeout] = set()
        self._cut = False

    @asynccontextmanager
    async def session(self) -> "AsyncIterator[Session]":
        """A session for a short while; never hold it across a call to the network.

        Errors: TimeoutError where none comes free, or the database hangs (``cut``).
        """
        if self.is_cut():
            raise TimeoutError("the database hangs")
        async with asyncio.timeout(None) as limit:
            self._waiting.add(limit)
            try:
                async with asyncio.timeout(self._patience):
                    connection = await self._pool.acquire()
                try:
                    yield cast("Connection[Record]", connection)
                finally:
                    if self.is_cut():
                        connection.terminate()  # a statement that hangs would be waited for
                    await self._pool.release(connection, timeout=_RELEASE)
            finally:
                self._waiting.discard(limit)

    def is_cut(self) -> bool:
        """Whether the database was seen to hang."""
        return self._cut

    def cut(self) -> None:
        """The database hangs: whoever waits for it in a session gets TimeoutError now, whoever comes at once."""
        self._cut = True
        now = asyncio.get_running_loop().time()
        for limit in tuple(self._waiting):
            if not limit.expired():  # it may have been told already, and be on its way out
                limit.reschedule(now)

    def restore(self) -> None:
        """It answers again."""
        self._cut = False

    @asynccontextmanager
    async def transaction(self) -> "AsyncIterator[Session]":
        """A session in one transaction: committed at the end, rolled back by an exception. Errors: as ``session``."""
        async with self.session() as session, session.transaction():
            yield session

    async def everywhere(self, work: "Callable[[Session], Awaitable[object]]") -> None:
        """Do something once on every connection, such as what prepares its statements. Only while nobody else uses the pool."""
        async with AsyncExitStack() as stack:
            connections = [await stack.enter_async_context(self.session()) for _ in range(self._pool.get_idle_size())]
            await asyncio.gather(*(work(connection) for connection in connections))

    async def redirect(self, dsn: str) -> None:
        """The same server, or another, under a new address or password: connections are replaced as they are acquired."""
        self._pool.set_connect_args(dsn, **_arguments(self._application, self._patience))
        await self._pool.expire_connections()

    async def now(self) -> datetime:
        """Postgres' clock, which ``net.clock`` is anchored on."""
        async with self.session() as connection:
            moment: datetime = await connection.fetchval("select clock_timestamp()")
            return moment

    async def close(self) -> None:
        """Wait a little for what is under way, then close every connection."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


async def connect(dsn: str, *, size: int, application: str, patience: float = PATIENCE, idle: int | None = None) -> Database:
    """A pool of at most ``size`` connections that Postgres shows as ``application``.

    ``idle``: so many are open from the beginning, the others when they are needed; None: all, so the first request waits for
    none. One that nobody needed for ``_IDLE_SECONDS`` is closed, unless all are to stay open.
    ``patience``: seconds that a statement may take, and that a free connection is waited for; a server that hangs is away then.
    Errors: what ``is_unavailable`` knows; asyncpg's own for a wrong password or database name.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=min(size, idle or size),
        max_size=size,
        init=_prepare,
        reset=_reset,
        max_inactive_connection_lifetime=0 if idle is None else _IDLE_SECONDS,
        max_queries=_QUERIES,
        **_arguments(application, patience),
    )
    return Database(pool, patience, application)


def _named(application: str) -> str:
    """By this name the readers of events know who may write some (``store.messages.horizon``)."""
    return application if application.startswith("posthouse") else f"posthouse {application}"


def _arguments(application: str, patience: float) -> dict[str, Any]:
    """Of each single connection."""
    settings = {"application_name": _named(application), "timezone": "UTC", **_PLANNER}
    return {
        "command_timeout": patience,
        "timeout": min(patience, 10),
        "max_cached_statement_lifetime": 0,
        "server_settings": settings,
    }


async def check_settings(database: Database) -> None:
    """DatabaseRefused where the server is too old or may forget what it acknowledged (`fsync` and the like off)."""
    async with database.session() as connection:
        settings = dict(await connection.fetch(_SETTINGS, [*_SAFE, "server_version_num"]))
    major = int(settings["server_version_num"]) // 10000
    if major < OLDEST:
        raise DatabaseRefused(f"This is Postgres {major}; Posthouse needs {OLDEST} or newer.")
    for name in _SAFE:
        if settings[name] == "off":
            raise DatabaseRefused(f"Postgres runs with {name} = off, so accepted mail could be lost; set it to on.")


def is_unavailable(problem: BaseException) -> bool:
    """True where Postgres is away, going down, full, does not let us in, or the connection broke: later may go well."""
    if isinstance(problem, asyncpg.PostgresError):
        state = str(problem.sqlstate)
        return state in _AWAY or state[:2] in _AWAY_CLASSES or is_shut_out(problem)
    if isinstance(problem, asyncpg.InternalClientError):  # the connection broke in the middle of an answer
        return True
    if isinstance(problem, asyncpg.InterfaceError):  # one class for a closed connection and for our own bugs
        return not isinstance(problem, ValueError) and "clos" in str(problem)
    return isinstance(problem, OSError)  # ConnectionError and TimeoutError are some


def is_shut_out(problem: BaseException) -> bool:
    """True where the server answers but not to us: the password, the user or the database's name is not the right one (any
    more).
    """
    return isinstance(problem, _SHUT_OUT)


def is_crowded(problem: BaseException | None) -> bool:
    """True for SQLSTATE 53300: the server has no connection left for us (``max_connections``)."""
    return isinstance(problem, asyncpg.PostgresError) and problem.sqlstate == "53300"


def is_disk_full(problem: BaseException) -> bool:
    """True for SQLSTATE 53100: the disk under Postgres has no room."""
    return isinstance(problem, asyncpg.PostgresError) and problem.sqlstate == "53100"


async def _prepare(connection: "Connection[Record]") -> None:
    """Objects go in and come out of jsonb columns by msgspec."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_encode, decoder=_decode, format="binary")


async def _reset(connection: "Connection[Record]") -> None:
    """Nothing to undo (see the sharp edges); asyncpg has already ended a transaction that somebody left open."""


def _encode(value: Any) -> bytes:
    return _JSONB + msgspec.json.encode(value)


def _decode(value: bytes) -> Any:
    return msgspec.json.decode(value[1:])
