"""Message types that a tenant makes: each names a built-in one, behaves as that, and is told by its own name (T1).

Known sharp edges: other processes accept a type that was removed for as long as the facts' memory lasts (``facts``). What was accepted
keeps the terms it was accepted with; what is sent again later goes by what the name means then.
"""

from typing import Final

from posthouse.admin.templates import TemplateActor, TemplateParts, note
from posthouse.model import ids
from posthouse.model.message_type import OwnType, TypeUses
from posthouse.model.send_request import FieldError, Rejection
from posthouse.policy import types
from posthouse.store.tenants import message_types

MOST: Final = 200
_FORM: Final = "must be small letters and digits in words joined by _, such as order_update, at most 64"


async def add_type(parts: TemplateParts, actor: TemplateActor, name: str, parent: str, description: str) -> OwnType | Rejection:
    """A new type, from now on to be named by messages, templates and credentials."""
    faults = faults_of(name, parent)
    if faults:
        return _refused(faults)
    async with parts.database.transaction() as session:
        if len(await message_types.current(session, actor.tenant)) >= MOST:
            return Rejection("validation_failed", f"There are {MOST} types already; no more are taken.")
        now = parts.now()
        new = OwnType(parts.new_id(now), name, parent, description, now)
        if not await message_types.add(session, actor.tenant, new):
            return _refused((FieldError("name", "is taken by a type of your own"),))
        data = {"parent": parent, "description": description}
        await note(parts, session, actor, "type.created", f"type/{name}", data)
        return new


async def remove_type(parts: TemplateParts, actor: TemplateActor, name: str) -> Rejection | None:
    """Take a type out of use; what was sent as it stays readable. Refused while a live template or credential names it."""
    if name in types.BY_NAME:
        return _refused((FieldError("name", "is built in and cannot be removed"),))
    async with parts.database.transaction() as session:
        if not types.NAME.fullmatch(name) or not await message_types.hold(session, actor.tenant, name):
            return Rejection("not_found", "There is no such type of your own.")
        used = _used(await message_types.uses(session, actor.tenant, name))
        if used:
            named = ", ".join(f"{fault.path} {fault.message}" for fault in used[:5])
            more = f" (and {len(used) - 5} more)" if len(used) > 5 else ""
            return Rejection("validation_failed", f"The type {name!r} is in use: {named}{more}.", used)
        await message_types.remove(session, actor.tenant, name, parts.now())
        await note(parts, session, actor, "type.removed", f"type/{name}", {})
    return None


def faults_of(name: str, parent: str) -> tuple[FieldError, ...]:
    """What is wrong with a type that somebody wants to make."""
    faults = []
    if name in types.BY_NAME:
        faults.append(FieldError("name", "is that of a built-in type"))
    elif not types.NAME.fullmatch(name):
        faults.append(FieldError("name", _FORM))
    if parent not in types.BY_NAME:
        faults.append(FieldError("parent", f"must be a built-in type: {types.unknown(parent)}"))
    return tuple(faults)


def _used(found: TypeUses) -> tuple[FieldError, ...]:
    return (
        *(FieldError(f"template/{name}", "has an active version of it") for name in found.templates),
        *(FieldError(f"key/{ids.text('key', id)}", "gives it to messages that name none") for id in found.credentials),
    )


def _refused(faults: tuple[FieldError, ...]) -> Rejection:
    said = f"{faults[0].path} {faults[0].message}"
    return Rejection("validation_failed", said if said.endswith(("?", ".")) else f"{said}.", faults)
