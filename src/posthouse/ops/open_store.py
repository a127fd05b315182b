"""How the store is opened: reach Postgres, bring or check its schema, prove the secret key.

``serve`` and every command open it here. With the embedded database the server that runs is joined, or one is started that
ends with this process; the schema is brought up to date, and the secret key is created once and stored beside it. With an
outside database the schema must be current (``posthouse migrate`` is a step of its own) and the secret key must be given:
one that we created would be lost with this machine.

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
_WRONG_KEY: Final = "The secret key in {} is not the one this database was encrypted with; put the right one back."
_TOO_EARLY: Final = "POSTHOUSE_SECRET_KEY lacks the key that {} were encrypted with; write it back behind the new one (new,old)."
_POLL_SECONDS: Final = 0.1  # between looks at a server that another process is starting


class StoreOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to open, and how far to go.

    ``own``: run the embedded server in this process and join none (``serve``). ``join``: start none; where none runs it is an
    error. ``create``: a database, its schema and a secret key may be created where there are none. ``migrate``: bring an outside
    database's schema up to date too. ``now`` decides which partitions there have to be; ``progress`` is called with a sentence
    before each step that takes long.
    """

    database_url: str | None
    data_dir: Path
    secret_keys: tuple[str, ...]
    random: Callable[[int], bytes]
    now: datetime
    application: str = "posthouse"
    size: int = 4
    idle: int = 1
    own: bool = False
    join: bool = False
    create: bool = False
    migrate: bool = False
    progress: Callable[[str], None] = lambda _: None


class NotRunning(StoreRefusal):
    """No embedded server runs, and ``join`` allows none to be started."""


class ReachedServer(msgspec.Struct, frozen=True):
    """A server that answers, whatever is in it. ``embedded``: the server that this process runs, None where it joined one."""

    database: Database
    dsn: str
    embedded: EmbeddedPostgres | None

    async def close(self) -> None:
        """Close the connections; an embedded server that this process started ends."""
        await self.database.close()
        if self.embedded is not None:
            await self.embedded.stop()


class OpenStore(ReachedServer, frozen=True):
    """A store that can be used: settings safe, schema current, secret key proven. ``secret_keys``: what children need."""

    sealer: Sealer
    secret_keys: tuple[str, ...]


async def open_store(options: StoreOptions) -> OpenStore:
    """Reach it, check it, prove the key. Errors: StoreRefusal, and nothing is left open."""
    if options.database_url is not None and not options.secret_keys:
        raise StoreRefusal(_NO_KEY)
    async with AsyncExitStack() as undo:
        undo.enter_context(vitals.errors_as_refusals())
        reached = await reach(options)
        undo.push_async_callback(reached.close)
        await check_settings(reached.database)
        if options.own and (await vitals.server(reached.database)).read_only:
            raise StoreRefusal(vitals.ONLY_READS)
        await update_schema(options, reached.database)
        await secret_key.check_length(reached.database, options.secret_keys, options.random)
        keys = await find_keys(options, reached.database)
        sealer = Sealer(keys, options.random)
        if not await secret_check.proves(reached.database, sealer):
            raise StoreRefusal(wrong_key_sentence(options))
        if options.own:
            await reseal_with_first_key(reached.database, sealer)
        undo.pop_all()
    return OpenStore(reached.database, reached.dsn, reached.embedded, sealer, keys)


async def reach(options: StoreOptions) -> ReachedServer:
    """A server that answers: the outside one, the embedded one that runs, or one started now. Errors: StoreRefusal."""
    if options.database_url is not None:
        return ReachedServer(await _connect(options, options.database_url), options.database_url, None)
    if not options.create and not cluster.at(options.data_dir).data.exists():
        raise StoreRefusal(_NO_DATABASE.format(options.data_dir))
    async with AsyncExitStack() as undo:
        dsn, server = await _start_or_join(options)
        if server is not None:
            undo.push_async_callback(server.stop)
        reached = ReachedServer(await _connect(options, dsn), dsn, server)
        undo.pop_all()
    return reached


async def update_schema(options: StoreOptions, database: Database) -> None:
    """Bring the schema up to date where we may. Errors: StoreRefusal that names the command, where the operator must."""
    if options.migrate or options.database_url is None:
        await migrate(database, options.progress)
        await ensure_partitions(database, options.now)
    elif await current(database) < latest():
        raise StoreRefusal("The database's schema is not current; run posthouse migrate first.")


async def find_keys(options: StoreOptions, database: Database) -> tuple[str, ...]:
    """The keys of the settings, else the one beside the embedded database. Errors: StoreRefusal where it is lost.

    One is created only while nothing was sealed yet: a new key could not open what is there.
    """
    if options.secret_keys:
        return options.secret_keys
    if options.database_url is not None:
        raise StoreRefusal(_NO_KEY)
    key = secret_key.read_key(options.data_dir)
    if key is None and await vitals.is_sealed(database):
        raise StoreRefusal(_LOST_KEY.format(options.data_dir / secret_key.FILE))
    return (key or secret_key.create_key(options.data_dir, options.random),)


async def check_keys(database: Database, sealer: Sealer) -> None:
    """Errors: StoreRefusal where the settings lack a key that something is still sealed under."""
    missed = await reseal.find_unreadable(database, sealer)
    if missed is not None:
        raise StoreRefusal(_TOO_EARLY.format(missed))


async def reseal_with_first_key(database: Database, sealer: Sealer) -> None:
    """Seal what is stored for long under the first key, so that an older one can be dropped. Errors: as ``check_keys``."""
    await check_keys(database, sealer)
    if len(sealer.key_ids) > 1:
        await reseal.reseal(database, sealer)


def wrong_key_sentence(options: StoreOptions) -> str:
    """The sentence about a key that does not open this database."""
    return _WRONG_KEY.format("POSTHOUSE_SECRET_KEY" if options.secret_keys else options.data_dir / secret_key.FILE)


async def _connect(options: StoreOptions, dsn: str) -> Database:
    return await vitals.reach(dsn, size=options.size, application=options.application, idle=options.idle)


async def _start_or_join(options: StoreOptions) -> tuple[str, EmbeddedPostgres | None]:
    """The DSN, and the server where this process started it. Waits a while for one that another process is starting."""
    clock = asyncio.get_running_loop()
    until = clock.time() + PATIENCE.total_seconds()
    while options.own or (dsn := embedded.join(options.data_dir)) is None:
        if options.join:
            raise NotRunning(f"No Posthouse runs on {options.data_dir}.")
        server = EmbeddedPostgres(options.data_dir, random=options.random, progress=options.progress)
        try:
            return await server.start(), server
        except DirectoryInUse:
            if options.own or clock.time() > until:
                raise
            await asyncio.sleep(_POLL_SECONDS)
    return dsn, None
