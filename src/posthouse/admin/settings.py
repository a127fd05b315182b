"""What templates of a tenant share, and its settings: layouts, partials, brand, streams, the tenant itself; every change with its audit entry.

Known sharp edges: a changed layout or partial shows in a template only with the template's next version.
"""

from typing import Any, Final

import msgspec

from posthouse.admin.templates import TemplateActor, TemplateParts, note
from posthouse.model.brand import Brand
from posthouse.model.send_request import FieldError, Rejection
from posthouse.model.stream import Stream, default
from posthouse.model.template import StoredPart
from posthouse.model.tenant import Tenant
from posthouse.store.postgres.database import Session
from posthouse.store.templates import parts as template_parts
from posthouse.store.templates import versions
from posthouse.store.tenants import brands, link_hosts, streams, tenants
from posthouse.templates.draft import NAME

KINDS: Final = ("layout", "partial")
MOST_CHARACTERS: Final = 256 * 1024
MOST_PARTS: Final = 200


async def put_part(
    parts: TemplateParts, actor: TemplateActor, kind: str, name: str, source: str | None
) -> StoredPart | Rejection | None:
    """A layout or partial, new, changed or (None) taken away; None where there is none to take away."""
    if not NAME.fullmatch(name):
        return Rejection("validation_failed", f"{name[:128]!r} is no name", (FieldError("name", "is no name of a part"),))
    if source is not None and (len(source) > MOST_CHARACTERS or "\0" in source):
        told = f"must have at most {MOST_CHARACTERS} characters, and no NUL"
        return Rejection("validation_failed", f"source: {told}", (FieldError("source", told),))
    async with parts.database.transaction() as session:
        await template_parts.hold(session, actor.tenant)
        known = await template_parts.current(session, actor.tenant)
        if source is not None and any(part.name == name and part.kind != kind for part in known):
            told = f"is the name of a {next(other for other in KINDS if other != kind)}; a template could mean either"
            return Rejection("validation_failed", f"{name}: {told}", (FieldError("name", told),))
        if source is not None and len(known) >= MOST_PARTS and all((part.kind, part.name) != (kind, name) for part in known):
            return Rejection("validation_failed", f"There are {MOST_PARTS} layouts and partials already; no more are taken.")
        return await change_part(parts, session, actor, kind, name, source)


async def change_part(
    parts: TemplateParts, session: Session, actor: TemplateActor, kind: str, name: str, source: str | None
) -> StoredPart | None:
    """The same in a transaction that holds the parts; nothing is written where nothing changes."""
    known = await template_parts.get(session, actor.tenant, kind, name)
    if (None if known is None else known.source) == source:
        return known
    now = parts.now()
    version = await template_parts.put(session, actor.tenant, kind, name, source, actor.name, now)
    data = {"version": version, "before": None if known is None else known.version}
    action = f"template_part.{'removed' if source is None else 'changed' if known else 'created'}"
    await note(parts, session, actor, action, f"{kind}/{name}", data)
    return StoredPart(kind, name, version, source, actor.name, now)


async def change_brand(parts: TemplateParts, actor: TemplateActor, changed: dict[str, str]) -> Brand:
    """The brand with some of it set anew; '' clears."""
    async with parts.database.transaction() as session:
        before = await brands.get_for_update(session, actor.tenant)
        now_so = msgspec.structs.replace(before, **changed)
        if now_so != before:
            await brands.put(session, actor.tenant, now_so, parts.now())
            await note(parts, session, actor, "brand.changed", "brand", _differing(before, now_so))
        return now_so


async def change_tenant(parts: TemplateParts, actor: TemplateActor, changed: dict[str, str]) -> Tenant:
    """The tenant with some of its settings (``sender``, ``reply_to``) set anew; '' clears."""
    async with parts.database.transaction() as session:
        before = await tenants.get_for_update(session, actor.tenant)
        await tenants.put(
            session,
            actor.tenant,
            changed.get("sender", before.default_from or ""),
            changed.get("reply_to", before.reply_to or ""),
        )
        now_so = await tenants.get_for_update(session, actor.tenant)
        if now_so != before:
            await note(parts, session, actor, "tenant.changed", "tenant", _differing(before.settings, now_so.settings))
        return now_so


async def create_stream(parts: TemplateParts, actor: TemplateActor, name: str, settings: dict[str, Any]) -> Stream | None:
    """A new stream; what is left out is as by default. None where there is one of that name."""
    if name in streams.KNOWN:
        return None
    new = msgspec.structs.replace(default(name), **settings)
    async with parts.database.transaction() as session:
        if not await streams.add(session, actor.tenant, new, parts.now()):
            return None
        if new.tracking_domain:
            await link_hosts.add(session, actor.tenant, new.tracking_domain, parts.now())
        await note(parts, session, actor, "stream.created", f"stream/{name}", _differing(default(name), new))
    return new


async def change_stream(parts: TemplateParts, actor: TemplateActor, name: str, changed: dict[str, Any]) -> Stream:
    """A stream's settings with some of them set anew."""
    async with parts.database.transaction() as session:
        before = await streams.get_for_update(session, actor.tenant, name)
        now_so = msgspec.structs.replace(before, **changed)
        if now_so != before:
            await streams.put(session, actor.tenant, now_so, parts.now())
            if now_so.tracking_domain != before.tracking_domain and now_so.tracking_domain:
                await link_hosts.add(session, actor.tenant, now_so.tracking_domain, parts.now())
            await note(parts, session, actor, "stream.changed", f"stream/{name}", _differing(before, now_so))
        return now_so


async def require_approval(parts: TemplateParts, actor: TemplateActor, *, required: bool) -> bool:
    """Ask for another person's approval of every version, or no longer; False where it was so already."""
    async with parts.database.transaction() as session:
        if not await versions.require_approval(session, actor.tenant, required=required):
            return False
        await note(parts, session, actor, "approval.changed", "approval", {"before": not required, "after": required})
        return True


def _differing(before: Brand | Stream | dict[str, str], after: Brand | Stream | dict[str, str]) -> dict[str, Any]:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    changed = [name for name in new if new[name] != old[name]]
    return {"before": {name: old[name] for name in changed}, "after": {name: new[name] for name in changed}}
