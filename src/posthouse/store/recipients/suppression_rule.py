"""What a tenant may set about its list, and how the list grows."""

from datetime import datetime, timedelta
from typing import Final

from posthouse.model import ids
from posthouse.model.suppression import SuppressionRule
from posthouse.store.postgres.database import Session

_RULE: Final = "select soft_limit, legal_passes_security from suppression_rule where tenant = $1 and environment = $2"
_SET_RULE: Final = """
insert into suppression_rule (tenant, environment, soft_limit, legal_passes_security) values ($1, $2, $3, $4)
on conflict (tenant, environment) do update set soft_limit = excluded.soft_limit, legal_passes_security = excluded.legal_passes_security
"""
_SIZES: Final = "select cause, count(*) from suppression where tenant = $1 and environment = $2 group by cause"
_GROWTH: Final = """
select count(*) filter (where id >= $3), count(*) from suppression
where tenant = $1 and environment = $2 and id >= $4 and source <> 'import'
"""
_OWNERS: Final = "select id from tenant order by id"


async def rule(session: Session, tenant: int, environment: int) -> SuppressionRule:
    """What the tenant has set, or what holds where it has not."""
    row = await session.fetchrow(_RULE, tenant, environment)
    return SuppressionRule() if row is None else SuppressionRule(*row)


async def set_rule(session: Session, tenant: int, environment: int, chosen: SuppressionRule) -> None:
    """Set it. Errors: Postgres' check violation for a limit outside 3 to 5."""
    await session.execute(_SET_RULE, tenant, environment, chosen.soft_limit, chosen.legal_passes_security)


async def sizes(session: Session, tenant: int, environment: int) -> dict[str, int]:
    """How many entries there are, by cause."""
    return dict(await session.fetch(_SIZES, tenant, environment))


async def growth(session: Session, tenant: int, environment: int, now: datetime) -> tuple[int, int]:
    """Entered within the last day, and within the seven days before it; files that were imported are left out."""
    day, week = ids.floor(now - timedelta(days=1)), ids.floor(now - timedelta(days=8))
    recent, both = await session.fetchrow(_GROWTH, tenant, environment, day, week)
    return recent, both - recent


async def owners(session: Session) -> list[int]:
    """Every tenant."""
    return [row[0] for row in await session.fetch(_OWNERS)]
