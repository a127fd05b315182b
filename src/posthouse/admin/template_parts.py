"""Layouts and partials, which the templates of a tenant share.

Known sharp edges: a changed layout or partial shows in a template only with the template's next version.
"""

from typing import Final

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.send_request import FieldError, Rejection
from posthouse.model.template import StoredPart
from posthouse.store.postgres.database import Session
from posthouse.store.templates import parts
from posthouse.templates.draft import NAME

KINDS: Final = ("layout", "partial")
MOST_CHARACTERS: Final = 256 * 1024
MOST_PARTS: Final = 200


async def put_part(
    context: AdminContext, actor: Actor, kind: str, name: str, source: str | None
) -> StoredPart | Rejection | None:
    """Add, change or (``source`` None) remove a layout or partial; None where there is none to remove."""
    if not NAME.fullmatch(name):
        return Rejection("validation_failed", f"{name[:128]!r} is no name", (FieldError("name", "is no name of a part"),))
    if source is not None and (len(source) > MOST_CHARACTERS or "\0" in source):
        message = f"must have at most {MOST_CHARACTERS} characters, and no NUL"
        return Rejection("validation_failed", f"source: {message}", (FieldError("source", message),))
    async with context.database(actor).transaction() as session:
        await parts.hold(session, actor.tenant)
        if source is not None:
            stored = await parts.current(session, actor.tenant)
            if (rejection := _check_name(stored, kind, name)) is not None:
                return rejection
        return await change_part(context, session, actor, kind, name, source)


async def change_part(
    context: AdminContext, session: Session, actor: Actor, kind: str, name: str, source: str | None
) -> StoredPart | None:
    """The same in a transaction that has locked the tenant's parts; nothing is written where nothing changes."""
    before = await parts.get(session, actor.tenant, kind, name)
    if (None if before is None else before.source) == source:
        return before
    now = context.clock.now()
    version = await parts.put(session, actor.tenant, kind, name, source, actor.name, now)
    data = {"version": version, "before": None if before is None else before.version}
    action = f"template_part.{'removed' if source is None else 'changed' if before else 'created'}"
    await record(context, session, actor, action, f"{kind}/{name}", data)
    return StoredPart(kind, name, version, source, actor.name, now)


def _check_name(stored: list[StoredPart], kind: str, name: str) -> Rejection | None:
    """Why there can be no part of this kind and name."""
    if any(part.name == name and part.kind != kind for part in stored):
        other = next(each for each in KINDS if each != kind)
        message = f"is the name of a {other}; a template could mean either"
        return Rejection("validation_failed", f"{name}: {message}", (FieldError("name", message),))
    if len(stored) >= MOST_PARTS and all((part.kind, part.name) != (kind, name) for part in stored):
        return Rejection("validation_failed", f"There are {MOST_PARTS} layouts and partials already; no more are taken.")
    return None
