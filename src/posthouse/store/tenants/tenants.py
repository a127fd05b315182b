"""Tenants: the owners of keys, domains and messages. Their number leads every primary key."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from posthouse.model.tenant import Tenant
from posthouse.store.postgres.database import Database, Session

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
_FOR_UPDATE: Final = f"{_BY_ID} for update"
_PUT: Final = "update tenant set default_from = nullif($2, ''), reply_to = nullif($3, '') where id = $1"
_FIRST: Final = "select id, ref, name, default_from, reply_to from tenant order by id limit 1"
_LIST: Final = "select id, ref, name, default_from, reply_to from tenant order by id desc"


async def create(
    session: Session, name: str, now: datetime, *, default_from: str | None = None, reply_to: str | None = None
) -> Tenant:
    """A new tenant; names need not differ."""
    return Tenant(*await session.fetchrow(_CREATE, name, default_from, reply_to, now))


async def list_tenants(database: Database) -> list[Tenant]:
    """All, the newest first."""
    async with database.session() as session:
        return [Tenant(*row) for row in await session.fetch(_LIST)]


async def by_ref(database: Database, ref: str) -> Tenant | None:
    """The tenant of a reference."""
    async with database.session() as session:
        return _tenant(await session.fetchrow(_BY_REF, ref))


async def by_id(database: Database, tenant: int) -> Tenant | None:
    """The tenant of a number."""
    async with database.session() as session:
        return _tenant(await session.fetchrow(_BY_ID, tenant))


async def first(database: Database) -> Tenant | None:
    """The oldest tenant; None on a database that ``init`` has not seen."""
    async with database.session() as session:
        return _tenant(await session.fetchrow(_FIRST))


async def get_for_update(session: Session, tenant: int) -> Tenant:
    """The tenant of a number, and nobody else changes it until the transaction ends."""
    return Tenant(*await session.fetchrow(_FOR_UPDATE, tenant))


async def put(session: Session, tenant: int, sender: str, reply_to: str) -> None:
    """Set who mail is from and where answers go, where nothing nearer says; '' clears."""
    await session.execute(_PUT, tenant, sender, reply_to)


def _tenant(row: "Record | None") -> Tenant | None:
    return None if row is None else Tenant(*row)
