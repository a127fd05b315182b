"""Message types of a tenant: a name, the built-in type it behaves as, and a description.

A type that was removed keeps its row, so that its messages can be sent again; its name may be used again.
"""

from datetime import datetime
from typing import Final

from posthouse.model.message_type import OwnType, TypeUses
from posthouse.store.postgres.database import Session

_CURRENT: Final = """
select id, name, parent, description, created_at from message_type where tenant = $1 and removed_at is null order by id desc limit 1000
"""
_PARENT: Final = "select parent from message_type where tenant = $1 and name = $2"
_HOLD: Final = "select name from message_type where tenant = $1 and name = $2 and removed_at is null for update"
_SHARE: Final = "select name from message_type where tenant = $1 and name = $2 and removed_at is null for share"
_ADD: Final = """
insert into message_type (tenant, id, name, parent, description, created_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, name) do update set id = excluded.id, parent = excluded.parent, description = excluded.description,
    created_at = excluded.created_at, removed_at = null
    where message_type.removed_at is not null
returning name
"""
_REMOVE: Final = "update message_type set removed_at = $3 where tenant = $1 and name = $2"
_TEMPLATES: Final = (
    "select name from template_version where tenant = $1 and type = $2 and state = 'active' order by name limit 100"
)
_CREDENTIALS: Final = """
select id from credential where tenant = $1 and default_type = $2 and revoked_at is null order by id limit 100
"""


async def current(session: Session, tenant: int) -> list[OwnType]:
    """All that were not removed, newest first."""
    return [OwnType(*row) for row in await session.fetch(_CURRENT, tenant)]


async def parent_of(session: Session, tenant: int, name: str) -> str | None:
    """The built-in type that a tenant's type behaves as, also where it was removed since; None where there never was one."""
    parent: str | None = await session.fetchval(_PARENT, tenant, name)
    return parent


async def hold(session: Session, tenant: int, name: str) -> bool:
    """Whether there is such a type; until the transaction ends no other may come to use it (``share`` waits for this lock)."""
    return await session.fetchval(_HOLD, tenant, name) is not None


async def share(session: Session, tenant: int, name: str) -> bool:
    """Whether there is such a type; until the transaction ends no other may remove it (``hold`` waits for this lock)."""
    return await session.fetchval(_SHARE, tenant, name) is not None


async def add(session: Session, tenant: int, new: OwnType) -> bool:
    """A new type; False where the name is taken."""
    taken = await session.fetchval(_ADD, tenant, new.id, new.name, new.parent, new.description, new.created_at)
    return taken is not None


async def remove(session: Session, tenant: int, name: str, now: datetime) -> None:
    """Mark it removed."""
    await session.execute(_REMOVE, tenant, name, now)


async def uses(session: Session, tenant: int, name: str) -> TypeUses:
    """What names it."""
    templates = await session.fetch(_TEMPLATES, tenant, name)
    credentials = await session.fetch(_CREDENTIALS, tenant, name)
    return TypeUses(tuple(row[0] for row in templates), tuple(row[0] for row in credentials))
