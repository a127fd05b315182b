"""What the store writes inside a caller's transaction, in one of its own; for tests that prepare rows."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from posthouse.model.domain import Domain
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants import domains

P = ParamSpec("P")
T = TypeVar("T")


async def write(
    database: Database, function: Callable[Concatenate[Any, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs
) -> T:
    """Call a function of the store with a session whose transaction is committed at the end."""
    async with database.transaction() as session:
        return await function(session, *arguments, **named)


async def add_domain(database: Database, sealer: Sealer, tenant: int, name: str, trust: bool, now: datetime) -> Domain:
    """A domain with its keys, trusted if ``trust``."""
    keyset = await domains.generate_keyset()
    await write(database, domains.add, sealer, tenant, name, keyset, now)
    if trust:
        await write(database, domains.trust, tenant, name, now)
    added = await domains.get(database, tenant, name)
    assert added is not None
    return added
