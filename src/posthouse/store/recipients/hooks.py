"""The addresses that providers call with what became of mails: a token each, of which only a hash is kept.

The token says whose hook it is; whether the call is the provider's, its signature says (``providers``).
"""

import hashlib
from base64 import b32encode
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from posthouse.model.feedback import HookAddress
from posthouse.store.postgres.database import Database, Session

_TOKEN_OCTETS: Final = 20
_ADD: Final = "insert into hook (tenant, environment, id, provider, lookup, created_at) values ($1, $2, $3, $4, $5, $6)"
_FIND: Final = "select tenant, environment, id, provider, created_at from hook where lookup = $1 and revoked_at is null"
_LIST: Final = """
select tenant, environment, id, provider, created_at from hook where tenant = $1 and revoked_at is null order by id desc limit 1000
"""
_REVOKE: Final = """
update hook set revoked_at = $3 where tenant = $1 and environment in (0, 1) and id = $2 and revoked_at is null returning id
"""


async def add(
    session: Session, tenant: int, environment: int, provider: str, *, id: UUID, now: datetime, random: Callable[[int], bytes]
) -> str:
    """A new hook's token, shown once."""
    token = b32encode(random(_TOKEN_OCTETS)).decode().lower()
    await session.execute(_ADD, tenant, environment, id, provider, _lookup(token), now)
    return token


async def find(database: Database, provider: str, token: str) -> HookAddress | None:
    """Whose hook it is; None for a token that is nobody's, of another provider, or revoked."""
    async with database.session() as session:
        row = await session.fetchrow(_FIND, _lookup(token))
    found = None if row is None else HookAddress(*row)
    return found if found is not None and found.provider == provider else None


async def list_hooks(database: Database, tenant: int) -> list[HookAddress]:
    """A tenant's hooks, newest first."""
    async with database.session() as session:
        return [HookAddress(*row) for row in await session.fetch(_LIST, tenant)]


async def revoke(session: Session, tenant: int, hook: UUID, now: datetime) -> bool:
    """Take no more calls; False where there is no such hook."""
    return await session.fetchval(_REVOKE, tenant, hook, now) is not None


def _lookup(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
