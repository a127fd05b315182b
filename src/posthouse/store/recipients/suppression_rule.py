"""What a tenant may set about its suppression list."""

from typing import Final

from posthouse.model.suppression import SuppressionRule
from posthouse.store.postgres.database import Session

_RULE: Final = "select soft_limit, legal_passes_security from suppression_rule where tenant = $1 and environment = $2"
_SET_RULE: Final = """
insert into suppression_rule (tenant, environment, soft_limit, legal_passes_security) values ($1, $2, $3, $4)
on conflict (tenant, environment) do update set soft_limit = excluded.soft_limit, legal_passes_security = excluded.legal_passes_security
"""


async def rule(session: Session, tenant: int, environment: int) -> SuppressionRule:
    """What the tenant has set, or what holds where it has not."""
    row = await session.fetchrow(_RULE, tenant, environment)
    return SuppressionRule() if row is None else SuppressionRule(*row)


async def set_rule(session: Session, tenant: int, environment: int, chosen: SuppressionRule) -> None:
    """Set it. Errors: Postgres' check violation for a limit outside 3 to 5."""
    await session.execute(_SET_RULE, tenant, environment, chosen.soft_limit, chosen.legal_passes_security)
