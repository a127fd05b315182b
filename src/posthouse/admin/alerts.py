"""Alerts of a tenant, for whoever operates."""

from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.alert import Alert, AlertFilter
from posthouse.store.tenants import alerts


async def list_alerts(context: AdminContext, actor: Actor, filter: AlertFilter) -> list[Alert]:
    """Alerts of the actor's tenant and environment, newest first."""
    async with context.database(actor).session() as session:
        return await alerts.list_alerts(session, actor.tenant, int(actor.environment), filter)
