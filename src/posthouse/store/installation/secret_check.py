"""What is true of the database as a whole: which secret key it was sealed with.

Only a check value made from the secret is stored. The first key that comes is the one; a new key proves itself
beside the old one (``new,old``), and from then on suffices to start.
"""

from typing import Final

from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer, WrongSecretKey

_CHECK: Final = "select secret_check from installation"
_FIRST: Final = """
insert into installation (secret_check) values ($1)
on conflict (one) do update set secret_check = excluded.secret_check where installation.secret_check is null
"""
_ROTATE: Final = "update installation set secret_check = $1 where secret_check = $2"


async def proves(database: Database, sealer: Sealer) -> bool:
    """Whether the sealer has the key this database was sealed with; on a database without one, its first becomes it."""
    async with database.session() as session:
        stored = await _stored_check(session)
        if stored is None:
            await session.execute(_FIRST, sealer.checks[0])
            stored = await _stored_check(session)
        if stored is None or not sealer.proves(stored):
            return False
        if stored not in sealer.checks[:1]:
            await session.execute(_ROTATE, sealer.checks[0], stored)
        return True


async def stored_check(database: Database) -> bytes | None:
    """The check value of the key this database was sealed with; None while there is none."""
    async with database.session() as session:
        return await _stored_check(session)


async def prove(database: Database, sealer: Sealer) -> None:
    """The same as an error. Errors: WrongSecretKey."""
    if not await proves(database, sealer):
        raise WrongSecretKey


async def _stored_check(session: Session) -> bytes | None:
    stored: bytes | None = await session.fetchval(_CHECK)
    return stored
