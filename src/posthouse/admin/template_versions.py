"""Versions of stored templates: found, built, linted, and within a transaction written down and set to another state."""

from typing import Any, Final

import msgspec

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError, Rejection
from posthouse.model.template import StoredVersion, TemplateDraft, TemplateSummary
from posthouse.model.template_state import PAST, TemplateAction, TemplateState
from posthouse.pipeline.render.build_version import BuiltVersion, Parts, blocking
from posthouse.policy import types
from posthouse.policy.accept.sender import check_default_from
from posthouse.policy.types import BY_NAME, OwnTypes
from posthouse.store.postgres.database import Session
from posthouse.store.templates import parts as template_parts
from posthouse.store.templates import versions
from posthouse.store.templates.versions import StoredTemplateVersion
from posthouse.store.tenants import message_types
from posthouse.templates import draft as rules

_LARGEST: Final = 2**31 - 1


class SavedVersion(msgspec.Struct, frozen=True):
    """A version as it is now. ``notes``: why it is not active, in words; ``replaced``: the version that retired for it."""

    stored: StoredTemplateVersion
    findings: tuple[LintFinding, ...] = ()
    notes: tuple[str, ...] = ()
    replaced: int | None = None

    @property
    def about(self) -> StoredVersion:
        """The version without its words."""
        return self.stored.about


class TemplateVersions(msgspec.Struct, frozen=True):
    """A template with its newest 200 versions, newest first."""

    summary: TemplateSummary
    versions: list[StoredVersion]


async def get_template(context: AdminContext, actor: Actor, name: str) -> TemplateVersions | None:
    """A template of the tenant's own."""
    if not rules.NAME.fullmatch(name):
        return None
    async with context.database(actor).session() as session:
        summary = await versions.summary(session, actor.tenant, name)
        if summary is None:
            return None
        return TemplateVersions(summary, await versions.versions(session, actor.tenant, name))


async def find_version(context: AdminContext, actor: Actor, name: str, number: int | None = None) -> StoredTemplateVersion | None:
    """A version of the tenant's own: that number, else the active one, else the newest."""
    if not rules.NAME.fullmatch(name) or not (number is None or 1 <= number <= _LARGEST):
        return None
    async with context.database(actor).session() as session:
        if number is None:
            summary = await versions.summary(session, actor.tenant, name)
            number = None if summary is None else summary.active or summary.latest
        return None if number is None else await versions.version_with_sources(session, actor.tenant, name, number)


async def stored_parts(context: AdminContext, actor: Actor) -> Parts:
    """The tenant's layouts and partials as they are now."""
    async with context.database(actor).session() as session:
        return {(part.kind, part.name): part.source or "" for part in await template_parts.current(session, actor.tenant)}


async def build(
    context: AdminContext, actor: Actor, draft: TemplateDraft, parts: Parts | None = None
) -> BuiltVersion | Rejection:
    """The draft built and linted against the tenant's layouts and partials, or against ``parts``."""
    draft, own_types = await _with_parent(context, actor, draft)
    errors = check_draft(draft, own_types)
    if not errors:
        library = await stored_parts(context, actor) if parts is None else parts
        built = await context.renderer.make(draft, library)
        if isinstance(built, BuiltVersion):
            return built
        errors = built
    return Rejection("validation_failed", f"{errors[0].path}: {errors[0].message}", errors)


async def lint_version(context: AdminContext, actor: Actor, stored: StoredTemplateVersion) -> tuple[LintFinding, ...]:
    """What lint finds in a version."""
    draft, _ = await _with_parent(context, actor, stored.draft)
    return await context.renderer.lint(stored.template, draft)


def check_draft(draft: TemplateDraft, own_types: OwnTypes | None = None) -> tuple[FieldError, ...]:
    """What is wrong with how a draft is declared. ``own_types``: those of the tenant's."""
    errors = rules.faults(draft)
    if draft.sender and all(error.path != "from" for error in errors) and (fault := check_default_from(draft.sender)) is not None:
        errors = (*errors, FieldError("from", fault))
    if draft.type is None or draft.type in BY_NAME or draft.type in (own_types or {}):
        return errors
    return (*errors, FieldError("type", types.unknown(draft.type, own_types or ())))


async def store_version(
    context: AdminContext, session: Session, actor: Actor, draft: TemplateDraft, built: BuiltVersion
) -> SavedVersion:
    """Write the next version down as a draft; the template's row is locked. ``notes`` say why it may not become active at
    once.
    """
    now, tenant = context.clock.now(), actor.tenant
    digest = rules.digest(draft, built.compiled_templates)
    number = await versions.add_version(session, tenant, draft, built.compiled_templates, digest, actor.name, now)
    data = {"version": number, "digest": digest.hex()}
    await record(context, session, actor, "template.version_created", f"template/{draft.name}", data)
    stored = await versions.version_with_sources(session, tenant, draft.name, number)
    assert stored is not None  # noqa: S101 - it was just written
    notes = [f"{error.path}: {error.message}" for error in blocking(built.findings)]
    if await versions.is_approval_required(session, tenant):
        notes.append("another person than its author has to approve it first")
    return SavedVersion(stored, built.findings, tuple(notes))


async def activate_version(context: AdminContext, session: Session, actor: Actor, saved: SavedVersion) -> SavedVersion:
    """Make a version the active one; the template's row is locked and nothing is against it."""
    return await set_state(context, session, actor, saved, TemplateState.ACTIVE, PAST[TemplateAction.ACTIVATE])


async def submit_version(context: AdminContext, session: Session, actor: Actor, saved: SavedVersion) -> SavedVersion:
    """Put a draft up for review; the template's row is locked."""
    return await set_state(context, session, actor, saved, TemplateState.IN_REVIEW, PAST[TemplateAction.SUBMIT])


async def set_state(
    context: AdminContext, session: Session, actor: Actor, saved: SavedVersion, state: TemplateState, done: str
) -> SavedVersion:
    """Set the state of a version, in the transaction that has locked its template. ``done``: the word for the audit trail."""
    about = saved.about
    replaced = await versions.move(session, actor.tenant, about.name, about.version, state, actor.name, context.clock.now())
    data: dict[str, Any] = {"version": about.version, "before": about.state.value, "after": state.value}
    if replaced is not None:
        data["replaced"] = replaced
    await record(context, session, actor, f"template.{done}", f"template/{about.name}", data)
    now_about = await versions.version(session, actor.tenant, about.name, about.version)
    assert now_about is not None  # noqa: S101 - versions are never deleted
    stored = StoredTemplateVersion(now_about, saved.stored.sources, saved.stored.compiled_templates)
    return SavedVersion(stored, saved.findings, replaced=replaced)


async def _with_parent(context: AdminContext, actor: Actor, draft: TemplateDraft) -> tuple[TemplateDraft, OwnTypes]:
    """The draft with the parent of its type, and the tenant's types where one of them may be meant."""
    if draft.type is None or draft.type in BY_NAME:
        return draft, {}
    async with context.database(actor).session() as session:
        own_types = types.own_types(await message_types.current(session, actor.tenant))
    known = own_types.get(draft.type)
    return (draft if known is None else msgspec.structs.replace(draft, parent=known.parent)), own_types
