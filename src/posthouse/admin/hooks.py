"""The addresses that providers call: created with a token that is shown once, listed, revoked."""

from typing import Final
from uuid import UUID

from posthouse.admin.audit import record, record_in_environment
from posthouse.admin.context import AdminContext
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.feedback import HookAddress
from posthouse.model.send_request import Rejection
from posthouse.store.recipients import hooks

PREFIX: Final = "hook"
NO_HOOK: Final = Rejection("not_found", "There is no such hook.")


async def list_hooks(context: AdminContext, actor: Actor) -> list[HookAddress]:
    """The tenant's, newest first."""
    return await hooks.list_hooks(context.database(actor), actor.tenant)


async def create(context: AdminContext, actor: Actor, provider: str) -> str:
    """A new hook's token, for mail of the actor's environment."""
    now = context.clock.now()
    id = context.new_id(now)
    async with context.database(actor).transaction() as session:
        token = await hooks.add(session, actor.tenant, actor.environment, provider, id=id, now=now, random=context.random)
        subject = f"hook/{ids.text(PREFIX, id)}"
        await record_in_environment(context, session, actor, "hook.created", subject, {"provider": provider})
    return token


async def revoke(context: AdminContext, actor: Actor, hook: UUID) -> Rejection | None:
    """Take no more calls at a hook."""
    async with context.database(actor).transaction() as session:
        if not await hooks.revoke(session, actor.tenant, hook, context.clock.now()):
            return NO_HOOK
        await record(context, session, actor, "hook.revoked", f"hook/{ids.text(PREFIX, hook)}", {})
    return None
