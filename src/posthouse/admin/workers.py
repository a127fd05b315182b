"""Whether anybody sends what is accepted."""

from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.store.queue import workers


async def is_worker_running(context: AdminContext, actor: Actor) -> bool:
    """True where a worker of the actor's store has a heartbeat that is not over."""
    async with context.database(actor).session() as session:
        return bool(await workers.alive(session, context.clock.now()))
