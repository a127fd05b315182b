"""Tenants: the owners of keys, domains and messages. Their number leads every primary key."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from posthouse.store.database import Database

if TYPE_CHECKING:
    from asyncpg import Record

# The reference is what people and Feedback-ID see; it never changes.
_CREATE: Final = """
with next as (select nextval(pg_get_serial_sequence('tenant', 'id'))::int as id)
insert into tenant (id, ref, name, default_from, reply_to, created_at) overriding system value
select id, 't' || id, $1, $2, $3, $4 from next
returning id, ref, name, default_from, reply_to
"""
_BY_REF: Final = "select id, ref, name, default_from, reply_to from tenant where ref = $1"
_BY_ID: Final = "select id, ref, name, default_from, reply_to from tenant where id = $1"
_FIRST: Final = "select id, ref, name, default_from, reply_to from tenant order by id limit 1"


class Tenant(msgspec.Struct, frozen=True):
    """``ref`` is the public name of ``id``; the defaults fill a message's From and Reply-To."""

    id: int
    ref: str
    name: str
    default_from: str | None
    reply_to: str | None


async def create(
    database: Database, name: str, now: datetime, *, default_from: str | None = None, reply_to: str | None = None
) -> Tenant:
    """A new tenant; names need not differ."""
    async with database.acquire() as connection:
        return Tenant(*await connection.fetchrow(_CREATE, name, default_from, reply_to, now))


async def by_ref(database: Database, ref: str) -> Tenant | None:
    """The tenant of a reference."""
    async with database.acquire() as connection:
        return _tenant(await connection.fetchrow(_BY_REF, ref))


async def by_id(database: Database, tenant: int) -> Tenant | None:
    """The tenant of a number."""
    async with database.acquire() as connection:
        return _tenant(await connection.fetchrow(_BY_ID, tenant))


async def first(database: Database) -> Tenant | None:
    """The oldest tenant; None on a database that ``init`` has not seen."""
    async with database.acquire() as connection:
        return _tenant(await connection.fetchrow(_FIRST))


def _tenant(row: "Record | None") -> Tenant | None:
    return None if row is None else Tenant(*row)
