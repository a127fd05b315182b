"""Layouts and partials at rest: what templates of a tenant share, every version of it.

A part changes nothing that was built from it before; who wants the change in a template makes a new version of it.
"""

from datetime import datetime
from typing import Final

from posthouse.model.template import StoredPart
from posthouse.store.postgres.database import Session

_CURRENT: Final = """
select kind, name, version, source, author, created_at from (
    select distinct on (kind, name) kind, name, version, source, author, created_at from template_part
    where tenant = $1 order by kind, name, version desc
) p where source is not null
"""
_ONE: Final = """
select kind, name, version, source, author, created_at from template_part
where tenant = $1 and kind = $2 and name = $3 order by version desc limit 1
"""
_PUT: Final = """
insert into template_part (tenant, kind, name, version, source, author, created_at)
values ($1, $2, $3, 1 + coalesce((select max(version) from template_part where tenant = $1 and kind = $2 and name = $3), 0), $4, $5, $6)
returning version
"""
_LOCK: Final = "select pg_advisory_xact_lock($1, $2)"
_SPACE: Final = 0x70617274  # "part": one change of a tenant's parts at a time


async def current(session: Session, tenant: int) -> list[StoredPart]:
    """All that there are now, by kind and name."""
    return [StoredPart(*row) for row in await session.fetch(_CURRENT, tenant)]


async def get(session: Session, tenant: int, kind: str, name: str) -> StoredPart | None:
    """The part as it is now; None where there is none or it was taken away."""
    row = await session.fetchrow(_ONE, tenant, kind, name)
    return None if row is None or row[3] is None else StoredPart(*row)


async def hold(session: Session, tenant: int) -> None:
    """Nobody else changes parts of the tenant until the transaction ends."""
    await session.execute(_LOCK, _SPACE, tenant)


async def put(session: Session, tenant: int, kind: str, name: str, source: str | None, author: str, now: datetime) -> int:
    """The next version of a part; None takes it away. ``hold`` first."""
    version: int = await session.fetchval(_PUT, tenant, kind, name, source, author, now)
    return version
