"""Message types of a tenant's own: each names a built-in one as its parent, behaves as that, and has a name of its own.

Known sharp edges: other processes accept a type that was removed until their memory of the tenant's settings runs out. What was
accepted keeps the terms it was accepted with; what is sent again later goes by what the name means then.
"""

from typing import Final

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.credential import PREFIX
from posthouse.model.message_type import OwnType, TypeUses
from posthouse.model.send_request import FieldError, Rejection
from posthouse.policy import types
from posthouse.store.postgres.database import Session
from posthouse.store.tenants import message_types

MOST: Final = 200
_FORM: Final = "must be small letters and digits in words joined by _, such as order_update, at most 64"


async def list_types(context: AdminContext, actor: Actor) -> list[OwnType]:
    """The tenant's own, newest first."""
    async with context.database(actor).session() as session:
        return await message_types.current(session, actor.tenant)


async def add_type(context: AdminContext, actor: Actor, name: str, parent: str, description: str) -> OwnType | Rejection:
    """Add a type, which messages, templates and credentials may name from now on."""
    if errors := check_type(name, parent):
        return _refused(errors)
    async with context.database(actor).transaction() as session:
        if len(await message_types.current(session, actor.tenant)) >= MOST:
            return Rejection("validation_failed", f"There are {MOST} types already; no more are taken.")
        now = context.clock.now()
        added = OwnType(context.new_id(now), name, parent, description, now)
        if not await message_types.add(session, actor.tenant, added):
            return _refused((FieldError("name", "is taken by a type of your own"),))
        data = {"parent": parent, "description": description}
        await record(context, session, actor, "type.created", f"type/{name}", data)
    context.forget_settings(actor.tenant)
    return added


async def remove_type(context: AdminContext, actor: Actor, name: str) -> Rejection | None:
    """Remove a type; messages of it stay readable. Refused while an active template or a credential names it."""
    if name in types.BY_NAME:
        return _refused((FieldError("name", "is built in and cannot be removed"),))
    async with context.database(actor).transaction() as session:
        rejection = await _check_removal(session, actor.tenant, name)
        if rejection is None:
            await message_types.remove(session, actor.tenant, name, context.clock.now())
            await record(context, session, actor, "type.removed", f"type/{name}", {})
    context.forget_settings(actor.tenant)
    return rejection


def check_type(name: str, parent: str) -> tuple[FieldError, ...]:
    """What is wrong with the name and the parent of a type."""
    errors = []
    if name in types.BY_NAME:
        errors.append(FieldError("name", "is that of a built-in type"))
    elif not types.NAME.fullmatch(name):
        errors.append(FieldError("name", _FORM))
    if parent not in types.BY_NAME:
        errors.append(FieldError("parent", f"must be a built-in type: {types.unknown(parent)}"))
    return tuple(errors)


async def _check_removal(session: Session, tenant: int, name: str) -> Rejection | None:
    """Why the type cannot be removed. Its row is locked, so that no template becomes active with it meanwhile."""
    if not types.NAME.fullmatch(name) or not await message_types.hold(session, tenant, name):
        return Rejection("not_found", "There is no such type of your own.")
    errors = _used_by(await message_types.uses(session, tenant, name))
    if not errors:
        return None
    users = ", ".join(f"{error.path} {error.message}" for error in errors[:5])
    more = f" (and {len(errors) - 5} more)" if len(errors) > 5 else ""
    return Rejection("validation_failed", f"The type {name!r} is in use: {users}{more}.", errors)


def _used_by(uses: TypeUses) -> tuple[FieldError, ...]:
    return (
        *(FieldError(f"template/{name}", "has an active version of it") for name in uses.templates),
        *(FieldError(f"key/{ids.text(PREFIX, id)}", "gives it to messages that name none") for id in uses.credentials),
    )


def _refused(errors: tuple[FieldError, ...]) -> Rejection:
    detail = f"{errors[0].path} {errors[0].message}"
    return Rejection("validation_failed", detail if detail.endswith(("?", ".")) else f"{detail}.", errors)
