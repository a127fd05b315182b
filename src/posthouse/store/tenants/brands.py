"""How a tenant's mail looks: company, logo, colour, support and postal address, for templates that declare ``brand``.

A tenant that set nothing has a brand in which everything is empty.
"""

from datetime import datetime
from typing import Final

import msgspec

from posthouse.model.brand import Brand
from posthouse.store.postgres.database import Database, Session

_COLUMNS: Final = "company, logo_url, color, support_email, support_url, postal_address"
_GET: Final = f"select {_COLUMNS} from brand where tenant = $1"
_GET_FOR_UPDATE: Final = f"select {_COLUMNS} from brand where tenant = $1 for update"
_PUT: Final = f"""
insert into brand (tenant, {_COLUMNS}, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant) do update set company = excluded.company, logo_url = excluded.logo_url, color = excluded.color,
    support_email = excluded.support_email, support_url = excluded.support_url, postal_address = excluded.postal_address,
    changed_at = excluded.changed_at
"""


async def get(database: Database, tenant: int) -> Brand:
    """The tenant's brand."""
    async with database.session() as session:
        return _brand(await session.fetchrow(_GET, tenant))


async def get_for_update(session: Session, tenant: int) -> Brand:
    """The same, and nobody else changes it until the transaction ends (once there is a row)."""
    return _brand(await session.fetchrow(_GET_FOR_UPDATE, tenant))


async def put(session: Session, tenant: int, brand: Brand, now: datetime) -> None:
    """Set all of it."""
    await session.execute(_PUT, tenant, *msgspec.structs.astuple(brand), now)


def _brand(row: "tuple[str, ...] | None") -> Brand:
    return Brand() if row is None else Brand(**dict(zip(Brand.__struct_fields__, row, strict=True)))
