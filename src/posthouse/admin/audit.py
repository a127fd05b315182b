"""The one way into the audit trail: who changed what, in the transaction of the change itself.

A change that is rolled back leaves no row, and no change is committed without one. Never put a secret, a recipient's address or
the words of a mail into ``data``: an erasure does not rewrite the trail.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.audit import AuditEntry
from posthouse.model.send_request import Environment
from posthouse.store.postgres.database import Session
from posthouse.store.tenants import audit


async def record(
    context: AdminContext, session: Session, actor: Actor, action: str, subject: str, data: Mapping[str, Any]
) -> None:
    """Write one row for the actor's tenant. ``action`` is in the past tense; ``subject`` is a kind and a name
    (``stream/marketing``).
    """
    now = context.clock.now()
    await audit.write(session, actor.tenant, AuditEntry(context.new_id(now), now, actor.name, action, subject, dict(data)))


async def record_in_environment(
    context: AdminContext, session: Session, actor: Actor, action: str, subject: str, data: Mapping[str, Any]
) -> None:
    """The same for what belongs to the actor's environment alone: a key of the sandbox does not read the live one's rows."""
    await record(context, session, actor, action, subject, {"environment": actor.environment.name.lower(), **data})


async def entries(
    context: AdminContext, actor: Actor, *, subject: str | None = None, before: UUID | None = None, limit: int = 50
) -> list[AuditEntry]:
    """The changes that the actor may know of, newest first, of one subject where it is named, older than ``before``."""
    live = actor.is_operator or actor.environment is Environment.LIVE
    return await audit.entries(context.database(actor), actor.tenant, subject=subject, before=before, limit=limit, live=live)


def difference(before: object, after: object) -> dict[str, Any]:
    """The fields of two values of one type that differ, as they were and as they are."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    changed = [name for name in new if new[name] != old[name]]
    return {"before": {name: old[name] for name in changed}, "after": {name: new[name] for name in changed}}
