"""How the schema comes to be: numbered scripts, forward only, each in its own transaction.

``migrations/NNNN_name.sql`` in order; the schema is their sum. Code N runs on schema N and N+1, so a database
that is newer than the code is left alone, and every script must be additive first.

Known sharp edges: a script that was applied must never be edited; its fingerprint is kept and a difference is refused.
"""

import hashlib
from collections.abc import Callable
from importlib import resources
from typing import Final

import msgspec

from posthouse.store.postgres.database import Database, DatabaseRefused, Session

_LOCK: Final = 0x706F7374  # "post": one migration at a time, whoever starts it
_PATIENCE: Final = 24 * 3600.0  # seconds; a script may rewrite a large table
_TABLE: Final = """
create table if not exists schema_migration (
    version int primary key,
    name text not null,
    fingerprint bytea not null,
    applied_at timestamptz not null default now()
)
"""
_APPLIED: Final = "select version, fingerprint from schema_migration"
_EXISTS: Final = "select to_regclass('schema_migration') is not null"
_RECORD: Final = "insert into schema_migration (version, name, fingerprint) values ($1, $2, $3)"


class Migration(msgspec.Struct, frozen=True):
    """One script of the folder."""

    version: int
    name: str
    script: str

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the text: tells an edited script from the one that was applied."""
        return hashlib.sha256(self.script.encode()).digest()


def migrations() -> tuple[Migration, ...]:
    """All scripts of this code, in order."""
    folder = resources.files("posthouse.store").joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(_migration(name, folder.joinpath(name).read_text("utf-8")) for name in names)


def latest() -> int:
    """The schema this code was written for."""
    return migrations()[-1].version


async def current(database: Database) -> int:
    """The schema the database has; 0 for an empty one. Usable where it is at least ``latest()``."""
    async with database.session() as session:
        return max(await _applied(session), default=0)


async def migrate(database: Database, progress: Callable[[str], None]) -> int:
    """Bring the database to ``latest()`` and answer the version it has; ``progress`` hears of each script.

    Errors: DatabaseRefused where an applied script was edited; what Postgres says of a script that fails,
    after which the ones before it stay applied.
    """
    async with database.session() as session:
        await session.execute("select pg_advisory_lock($1)", _LOCK, timeout=_PATIENCE)
        try:
            await session.execute(_TABLE)
            applied = await _applied(session)
            for migration in migrations():
                if migration.version in applied:
                    _unchanged(migration, applied[migration.version])
                else:
                    progress(f"migration {migration.version}: {migration.name}")
                    await _apply(session, migration)
            return max(await _applied(session))
        finally:
            await session.execute("select pg_advisory_unlock($1)", _LOCK)


async def _applied(session: Session) -> dict[int, bytes]:
    if not await session.fetchval(_EXISTS):
        return {}
    return dict(await session.fetch(_APPLIED))


async def _apply(session: Session, migration: Migration) -> None:
    async with session.transaction():
        await session.execute("set local lock_timeout = '10s'")
        await session.execute(migration.script, timeout=_PATIENCE)
        await session.execute(_RECORD, migration.version, migration.name, migration.fingerprint)


def _unchanged(migration: Migration, applied: bytes) -> None:
    if migration.fingerprint != applied:
        raise DatabaseRefused(
            f"Migration {migration.version} ({migration.name}) was changed after it was applied to this database; "
            "this database and this code do not belong together."
        )


def _migration(file: str, script: str) -> Migration:
    number, _, name = file.removesuffix(".sql").partition("_")
    return Migration(int(number), name.replace("_", " "), script)
