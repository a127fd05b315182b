"""How the store is opened: reach Postgres, bring or check its schema, prove the secret key.

One way in for ``serve`` and for every command. With the embedded database the server that runs is joined, or
one is started for our own length; the schema is brought up to date, and the secret key is made once and kept
beside it. With an outside database the schema must be current (``posthouse migrate`` is a step of its own) and
the secret key must be given: one that we made would be lost with this machine.

Errors are ``StoreRefusal``, one sentence each.

Known sharp edges: a command that started the embedded server stops it at its end, also under another command
that joined it meanwhile; that one sees a lost connection.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from posthouse.ops import secret_key
from posthouse.store.installation import reseal, secret_check
from posthouse.store.postgres import cluster, embedded, vitals
from posthouse.store.postgres.database import Database, check_settings
from posthouse.store.postgres.embedded import EmbeddedPostgres
from posthouse.store.postgres.migrate import current, latest, migrate
from posthouse.store.postgres.ownership import DirectoryInUse
from posthouse.store.postgres.partition import ensure_partitions
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.seal import Sealer

PATIENCE: Final = timedelta(minutes=1)
_NO_KEY: Final = "POSTHOUSE_SECRET_KEY is not set; a database of your own needs one, for example from openssl rand -base64 32."
_NO_DATABASE: Final = "There is no database in {} yet; run posthouse init, or set POSTHOUSE_DATA_DIR to where one is."
_LOST_KEY: Final = (
    "The secret key {} is missing, and what this database holds cannot be read without it; put it back from your backup."
)
_WRONG_KEY: Final = "The secret key in {} is not the one this database was sealed with; put the right one back."
_TOO_EARLY: Final = "POSTHOUSE_SECRET_KEY lacks the key that {} were sealed under; write it back behind the new one (new,old)."
_TICK: Final = 0.1  # seconds between looks at a server that another process is starting


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to open, and how far to go.

    ``own``: run the embedded server ourselves and join nobody's (``serve``). ``join``: start none; it runs or it is refused. ``create``: a database, its schema
    and a secret key may be made where there are none. ``migrate``: bring an outside database's schema up to date too.
    ``now`` decides which partitions there have to be; ``progress`` hears of what takes long.
    """

    database_url: str | None
    data_dir: Path
    secret_keys: tuple[str, ...]
    random: Callable[[int], bytes]
    now: datetime
    application: str = "posthouse"
    size: int = 4
    own: bool = False
    join: bool = False
    create: bool = False
    migrate: bool = False
    progress: Callable[[str], None] = lambda _: None


class NotRunning(StoreRefusal):
    """No embedded server runs, and none was to be started."""


class ReachedServer(msgspec.Struct, frozen=True):
    """A server that answers, whatever is in it. ``embedded``: the server we run ourselves, None where we joined one."""

    database: Database
    dsn: str
    embedded: EmbeddedPostgres | None

    async def close(self) -> None:
        """Give everything back; a server that we started ends."""
        await self.database.close()
        if self.embedded is not None:
            await self.embedded.stop()


class OpenStore(ReachedServer, frozen=True):
    """A store that can be used: settings safe, schema current, secret key proven. ``secret_keys``: what children need."""

    sealer: Sealer
    secret_keys: tuple[str, ...]


async def open_store(opening: StoreOptions) -> OpenStore:
    """Reach it, check it, prove the key. Errors: StoreRefusal, and nothing is left open."""
    if opening.database_url is not None and not opening.secret_keys:
        raise StoreRefusal(_NO_KEY)
    async with AsyncExitStack() as undo:
        undo.enter_context(vitals.in_words())
        reached = await reach(opening)
        undo.push_async_callback(reached.close)
        await check_settings(reached.database)
        if opening.own and (await vitals.server(reached.database)).read_only:
            raise StoreRefusal(vitals.ONLY_READS)
        await bring_schema(opening, reached.database)
        keys = await keys_of(opening, reached.database)
        sealer = Sealer(keys, opening.random)
        if not await secret_check.proves(reached.database, sealer):
            raise StoreRefusal(wrong_key(opening))
        if opening.own:
            await keep_up(reached.database, sealer)
        undo.pop_all()
    return OpenStore(reached.database, reached.dsn, reached.embedded, sealer, keys)


async def reach(opening: StoreOptions) -> ReachedServer:
    """A server that answers: the outside one, the embedded one that runs, or one started now. Errors: StoreRefusal."""
    if opening.database_url is not None:
        return ReachedServer(await _connect(opening, opening.database_url), opening.database_url, None)
    if not opening.create and not cluster.at(opening.data_dir).data.exists():
        raise StoreRefusal(_NO_DATABASE.format(opening.data_dir))
    async with AsyncExitStack() as undo:
        dsn, server = await _embedded(opening)
        if server is not None:
            undo.push_async_callback(server.stop)
        reached = ReachedServer(await _connect(opening, dsn), dsn, server)
        undo.pop_all()
    return reached


async def bring_schema(opening: StoreOptions, database: Database) -> None:
    """The schema current, or StoreRefusal that names the command."""
    if opening.migrate or opening.database_url is None:
        await migrate(database, opening.progress)
        await ensure_partitions(database, opening.now)
    elif await current(database) < latest():
        raise StoreRefusal("The database's schema is not current; run posthouse migrate first.")


async def keys_of(opening: StoreOptions, database: Database) -> tuple[str, ...]:
    """The keys that were given, else the one beside the embedded database. Errors: StoreRefusal where it is lost.

    One is made only while nothing was sealed yet: a new key could not read what is there.
    """
    if opening.secret_keys:
        return opening.secret_keys
    if opening.database_url is not None:
        raise StoreRefusal(_NO_KEY)
    kept = secret_key.kept(opening.data_dir)
    if kept is None and await vitals.is_sealed(database):
        raise StoreRefusal(_LOST_KEY.format(opening.data_dir / secret_key.FILE))
    return (kept or secret_key.made(opening.data_dir, opening.random),)


async def check_keys(database: Database, sealer: Sealer) -> None:
    """Errors: StoreRefusal where a secret was taken away that something is still sealed under."""
    missed = await reseal.missed(database, sealer)
    if missed is not None:
        raise StoreRefusal(_TOO_EARLY.format(missed))


async def keep_up(database: Database, sealer: Sealer) -> None:
    """What rests for long goes over to the first secret. Errors: StoreRefusal where one is missed that is still needed."""
    await check_keys(database, sealer)
    if len(sealer.key_ids) > 1:
        await reseal.reseal(database, sealer)


def wrong_key(opening: StoreOptions) -> str:
    """The sentence about a key that does not open this database."""
    return _WRONG_KEY.format("POSTHOUSE_SECRET_KEY" if opening.secret_keys else opening.data_dir / secret_key.FILE)


async def _connect(opening: StoreOptions, dsn: str) -> Database:
    return await vitals.reach(dsn, size=opening.size, application=opening.application)


async def _embedded(opening: StoreOptions) -> tuple[str, EmbeddedPostgres | None]:
    """The DSN, and the server where it is ours. Waits a while for one that another process is starting."""
    clock = asyncio.get_running_loop()
    until = clock.time() + PATIENCE.total_seconds()
    while opening.own or (dsn := embedded.join(opening.data_dir)) is None:
        if opening.join:
            raise NotRunning(f"No Posthouse runs on {opening.data_dir}.")
        server = EmbeddedPostgres(opening.data_dir, random=opening.random, progress=opening.progress)
        try:
            return await server.start(), server
        except DirectoryInUse:
            if opening.own or clock.time() > until:
                raise
            await asyncio.sleep(_TICK)
    return dsn, None
