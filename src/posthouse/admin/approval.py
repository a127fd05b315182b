"""Whether another person has to approve a version of a template before it may become active."""

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.store.templates import versions


async def is_required(context: AdminContext, actor: Actor) -> bool:
    """As the tenant has set it."""
    async with context.database(actor).session() as session:
        return await versions.is_approval_required(session, actor.tenant)


async def require(context: AdminContext, actor: Actor, *, required: bool) -> bool:
    """Require approval of every version, or no longer; False where it was so already."""
    async with context.database(actor).transaction() as session:
        if not await versions.require_approval(session, actor.tenant, required=required):
            return False
        await record(context, session, actor, "approval.changed", "approval", {"before": not required, "after": required})
        return True
