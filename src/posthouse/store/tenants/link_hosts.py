"""Whose host is it? Every host that a tenant's links ever used (K1): old mails keep their links, so none is ever removed."""

from datetime import datetime
from typing import Final

from posthouse.store.postgres.database import Database, Session

_ADD: Final = "insert into link_host (tenant, name, since) values ($1, $2, $3) on conflict do nothing"
_OWNERS: Final = "select tenant from link_host where name = $1"


async def add(session: Session, tenant: int, name: str, now: datetime) -> None:
    """``name``: an A-label in lower case."""
    await session.execute(_ADD, tenant, name, now)


async def owners(database: Database, name: str) -> frozenset[int]:
    """The tenants whose links use or used a host; empty for a host of no tenant."""
    async with database.session() as session:
        return frozenset(row[0] for row in await session.fetch(_OWNERS, name))
