"""How large suppression lists are and how fast they grow, for metrics and the alert."""

from datetime import datetime, timedelta
from typing import Final

from posthouse.model import ids
from posthouse.store.postgres.database import Session

_SIZES: Final = "select cause, count(*) from suppression where tenant = $1 and environment = $2 group by cause"
_GROWTH: Final = """
select count(*) filter (where id >= $3), count(*) from suppression
where tenant = $1 and environment = $2 and id >= $4 and source <> 'import'
"""
_TENANTS: Final = "select id from tenant order by id"


async def sizes(session: Session, tenant: int, environment: int) -> dict[str, int]:
    """How many entries there are, by cause."""
    return dict(await session.fetch(_SIZES, tenant, environment))


async def growth(session: Session, tenant: int, environment: int, now: datetime) -> tuple[int, int]:
    """Added within the last day, and within the seven days before it; files that were imported are left out."""
    day, week = ids.floor(now - timedelta(days=1)), ids.floor(now - timedelta(days=8))
    recent, both = await session.fetchrow(_GROWTH, tenant, environment, day, week)
    return recent, both - recent


async def tenants(session: Session) -> list[int]:
    """Every tenant."""
    return [row[0] for row in await session.fetch(_TENANTS)]
