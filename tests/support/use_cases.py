"""What use cases of ``admin`` take first, for tests: their context over a database, and an operator."""

import os

from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.clock import Clock
from posthouse.model.send_request import Environment
from posthouse.net.entropy import Entropy
from posthouse.store.cells import Cells
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer


def admin_context(database: Database, sealer: Sealer, clock: Clock) -> AdminContext:
    """Over one database, with real chance."""
    return AdminContext(cells=Cells(database), sealer=sealer, clock=clock, new_id=Entropy().new_id, random=os.urandom)


def operator(tenant: int = 1, environment: Environment = Environment.LIVE, *, is_operator: bool = True) -> Actor:
    """The operator of the installation, or where ``is_operator`` is false somebody of the tenant's."""
    return Actor(tenant=tenant, environment=environment, name="cli:me", source="cli", is_operator=is_operator)
