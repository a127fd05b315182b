"""Use cases over a real database with two tenants, a clock that stands still, and an actor of each kind."""

from dataclasses import dataclass
from typing import Any

import pytest

from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.audit import AuditEntry
from posthouse.model.send_request import Environment
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import audit, tenants
from posthouse.testing.clock import FakeClock
from tests.support.accepted import SEALER
from tests.support.postgres import NOW
from tests.support.use_cases import admin_context, operator
from tests.support.writes import write


@dataclass
class Admin:
    """The context, and who acts: the operator, a live key and a test key of the first tenant, a live key of the second."""

    context: AdminContext
    operator: Actor
    live: Actor
    test: Actor
    stranger: Actor

    async def trail(self, actor: Actor | None = None) -> list[AuditEntry]:
        """The audit trail of an actor's tenant, newest first."""
        actor = actor or self.operator
        return await audit.entries(self.context.database(actor), actor.tenant, limit=200)

    async def actions(self, actor: Actor | None = None) -> list[str]:
        """What stands in it, oldest first."""
        return [entry.action for entry in reversed(await self.trail(actor))]

    async def count(self, statement: str, *arguments: Any) -> int:
        async with self.context.database(self.operator).session() as session:
            return int(await session.fetchval(statement, *arguments))


def key_holder(tenant: int, environment: Environment) -> Actor:
    is_live = environment is Environment.LIVE
    return Actor(tenant=tenant, environment=environment, name="key_of_a_test", source="api", may_decide=is_live)


@pytest.fixture
async def admin(database: Database) -> Admin:
    first = await write(database, tenants.create, "first", NOW)
    second = await write(database, tenants.create, "second", NOW)
    return Admin(
        context=admin_context(database, SEALER, FakeClock(NOW)),
        operator=operator(first.id),
        live=key_holder(first.id, Environment.LIVE),
        test=key_holder(first.id, Environment.TEST),
        stranger=key_holder(second.id, Environment.LIVE),
    )
