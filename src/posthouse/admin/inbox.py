"""The built-in inbox: emptied, whole or for one recipient."""

from typing import Any

from posthouse.admin.audit import record_in_environment
from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.store.messages import inbox


async def empty(context: AdminContext, actor: Actor, recipient: str | None = None) -> int:
    """Delete every mail of the actor's environment, or one recipient's; how many there were."""
    data: dict[str, Any] = {}
    if recipient is not None:  # as a hash, so that an erasure need not rewrite the trail
        data["lookup"] = (await context.address_key(actor)).of(recipient).hex()
    async with context.database(actor).transaction() as session:
        count = await inbox.delete_all(session, actor.tenant, actor.environment, recipient)
        if count:  # test suites empty an empty inbox all the time
            await record_in_environment(context, session, actor, "inbox.emptied", "inbox", data | {"mails": count})
    return count
