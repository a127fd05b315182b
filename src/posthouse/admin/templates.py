"""Stored templates: from an author's words to the version that mail is made from, and back.

A version is built before anything is written and stored in one transaction with its row of the audit trail; saving one never
touches the active one. A switch is one commit in which the old version retires, and a rollback is the same switch towards an
older version. The first version of a template becomes active at once, unless lint finds an error or the tenant requires approval.

Known sharp edges: "another person" is another credential or user of the machine; whoever holds two can approve their
own words. A test key writes and submits, and chooses the version for test alone; it decides nothing about live.
"""

from typing import Final
from uuid import UUID

import msgspec

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.admin.template_versions import (
    SavedVersion,
    activate_version,
    build,
    find_version,
    lint_version,
    set_state,
    store_version,
)
from posthouse.model.actor import Actor
from posthouse.model.send_request import Environment, FieldError, Rejection
from posthouse.model.template import StoredVersion, TemplateDraft, TemplateSummary
from posthouse.model.template_state import PAST, TemplateAction, TemplateState, after
from posthouse.pipeline.render.build_version import blocking
from posthouse.policy import types
from posthouse.policy.types import BY_NAME
from posthouse.store.postgres.database import Session
from posthouse.store.templates import versions
from posthouse.store.templates.versions import StoredTemplateVersion
from posthouse.store.tenants import message_types

NO_TEMPLATE: Final = "There is no such template of your own."
NO_VERSION: Final = "The template has no such version."
DECISIONS: Final = frozenset({TemplateAction.APPROVE, TemplateAction.REJECT, TemplateAction.ACTIVATE, TemplateAction.RETIRE})
_END: Final = UUID(int=(1 << 128) - 1)


async def list_templates(context: AdminContext, actor: Actor, before: UUID | None, limit: int) -> list[TemplateSummary]:
    """At most ``limit`` templates of the tenant's own, newest first, older than ``before``."""
    async with context.database(actor).session() as session:
        return await versions.summaries(session, actor.tenant, before or _END, limit)


async def create(context: AdminContext, actor: Actor, draft: TemplateDraft) -> SavedVersion | Rejection:
    """A new template with version 1, active where nothing is against it."""
    built = await build(context, actor, draft)
    if isinstance(built, Rejection):
        return built
    async with context.database(actor).transaction() as session:
        now = context.clock.now()
        if not await versions.add(session, actor.tenant, draft.name, context.new_id(now), now):
            return _taken(draft.name)
        saved = await store_version(context, session, actor, draft, built)
        if actor.environment is Environment.TEST:
            saved = await _activate_in_test(context, session, actor, saved) if not blocking(built.findings) else saved
        elif not saved.notes:
            saved = await activate_version(context, session, actor, saved)
    context.forget_template(actor.tenant, draft.name)
    return saved


async def add_version(context: AdminContext, actor: Actor, draft: TemplateDraft) -> SavedVersion | Rejection:
    """The next version of a template, as a draft; the active one is left alone."""
    built = await build(context, actor, draft)
    if isinstance(built, Rejection):
        return built
    async with context.database(actor).transaction() as session:
        if await versions.hold(session, actor.tenant, draft.name) is None:
            return Rejection("not_found", NO_TEMPLATE)
        return await store_version(context, session, actor, draft, built)


async def move_version(
    context: AdminContext, actor: Actor, name: str, number: int, action: TemplateAction
) -> SavedVersion | Rejection:
    """Submit, approve, reject, activate or retire a version."""
    stored = await find_version(context, actor, name, number)
    if stored is None:
        return Rejection("not_found", NO_VERSION)
    # Lint takes long, so it runs before the transaction; the words of a version never change.
    findings = await lint_version(context, actor, stored)
    errors = blocking(findings)
    if action is TemplateAction.ACTIVATE and errors:
        return Rejection("validation_failed", f"Version {number} of {name!r} has errors and cannot become active.", errors)
    async with context.database(actor).transaction() as session:
        await versions.hold(session, actor.tenant, name)
        about = await versions.version(session, actor.tenant, name, number)
        assert about is not None  # noqa: S101 - versions are never deleted
        state = await _next_state(session, actor, about, action)
        if isinstance(state, Rejection):
            return state
        saved = SavedVersion(StoredTemplateVersion(about, stored.sources, stored.compiled_templates), findings)
        if actor.environment is Environment.TEST and action is TemplateAction.ACTIVATE:
            saved = await _activate_in_test(context, session, actor, saved)
        elif state is not about.state:
            saved = await set_state(context, session, actor, saved, state, PAST[action])
    context.forget_template(actor.tenant, name)
    return saved


async def _activate_in_test(context: AdminContext, session: Session, actor: Actor, saved: SavedVersion) -> SavedVersion:
    """Make a version the one that mail in test is made from, whatever its state; what live mail is made from stays as it is."""
    about = saved.about
    await versions.choose_in_test(session, actor.tenant, about.name, about.version, context.clock.now())
    data = {"version": about.version}
    await record(context, session, actor, "template.activated_in_test", f"template/{about.name}", data)
    return msgspec.structs.replace(saved, notes=("active in test only; activating it for live takes a live key",))


async def _next_state(session: Session, actor: Actor, about: StoredVersion, action: TemplateAction) -> TemplateState | Rejection:
    """The state that an action leads to, or why the actor may not take it."""
    if actor.environment is Environment.TEST and action is TemplateAction.ACTIVATE:
        return await _check_type(session, actor, about) or about.state
    required = await versions.is_approval_required(session, actor.tenant)
    if required and (rejection := _check_decision(actor, about, action)) is not None:
        return rejection
    state = after(about.state, action, approval_required=required)
    if state is None:
        return _wrong_state(about, action, required=required)
    if state is TemplateState.ACTIVE and (rejection := await _check_type(session, actor, about)) is not None:
        return rejection
    return state


def _check_decision(actor: Actor, about: StoredVersion, action: TemplateAction) -> Rejection | None:
    """Why this actor may not decide that, where approval is required."""
    if action not in DECISIONS:
        return None
    if not actor.may_decide:
        return Rejection("forbidden", "A test key may write and submit versions; deciding about them needs a live key.")
    if action is TemplateAction.APPROVE and actor.name == about.author:
        return Rejection("forbidden", f"Version {about.version} was written by {actor.name}; another person has to approve it.")
    return None


async def _check_type(session: Session, actor: Actor, about: StoredVersion) -> Rejection | None:
    """Why a version may not become active whose type was removed since it was written."""
    if about.type is None or about.type in BY_NAME or await message_types.share(session, actor.tenant, about.type):
        return None
    unknown = types.unknown(about.type)
    detail = f"Version {about.version} of {about.name!r} cannot become active: {unknown}"
    return Rejection("validation_failed", detail, (FieldError("type", unknown),))


def _wrong_state(about: StoredVersion, action: TemplateAction, *, required: bool) -> Rejection:
    state = about.state.value.replace("_", " ")
    approval = " Here it has to be approved first." if required and action is TemplateAction.ACTIVATE else ""
    detail = f"Version {about.version} of {about.name!r} is {state}: it cannot be {PAST[action]}.{approval}"
    return Rejection("validation_failed", detail, (FieldError("version", f"is {state}"),))


def _taken(name: str) -> Rejection:
    detail = f"There is a template {name!r} already; a new version of it goes to /v1/templates/{name}/versions."
    return Rejection("validation_failed", detail, (FieldError("name", "is taken by a template of your own"),))
