"""From an author's words to the version that mail is made from: saved, linted, approved, switched to, and taken back (C3, C4).

A version is built before anything is written and stored in one transaction with its audit entry; saving one never
touches the active one. A switch is one commit in which the old version retires, and a rollback is the same switch towards an
older version. The first version of a template becomes active at once, unless lint finds an error or the tenant asks for approval.

Known sharp edges: "another person" is another credential or user of the machine; whoever holds two can approve their
own words. Under approval a test key writes and submits, but does not decide.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.model.audit import AuditEntry
from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError, Rejection
from posthouse.model.template import StoredVersion, TemplateDraft
from posthouse.model.template_state import PAST, TemplateAction, TemplateState, after
from posthouse.pipeline.render.build_version import BuiltVersion, Parts, blocking
from posthouse.pipeline.render.renderer import InProcessRenderer, Renderer
from posthouse.policy import types
from posthouse.policy.accept.sender import check_default_from
from posthouse.policy.types import BY_NAME, OwnTypes
from posthouse.store.postgres.database import Database, Session
from posthouse.store.templates import parts as template_parts
from posthouse.store.templates import versions
from posthouse.store.templates.versions import StoredTemplateVersion
from posthouse.store.tenants import audit, message_types
from posthouse.templates import draft as rules

NO_TEMPLATE: Final = "There is no such template of your own."
NO_VERSION: Final = "The template has no such version."
DECISIONS: Final = frozenset({TemplateAction.APPROVE, TemplateAction.REJECT, TemplateAction.ACTIVATE, TemplateAction.RETIRE})
_LARGEST: Final = 2**31 - 1


class TemplateActor(msgspec.Struct, frozen=True):
    """Who changes something: a credential's id or ``cli:`` and a user; ``decides`` False: only writes, where approval is asked."""

    tenant: int
    name: str
    decides: bool = True


class SavedVersion(msgspec.Struct, frozen=True):
    """A version as it is now. ``notes``: why it is not active, in words; ``replaced``: the version that retired for it."""

    worded: StoredTemplateVersion
    findings: tuple[LintFinding, ...] = ()
    notes: tuple[str, ...] = ()
    replaced: int | None = None

    @property
    def about(self) -> StoredVersion:
        """The version without its words."""
        return self.worded.about


class TemplateParts(msgspec.Struct, frozen=True, kw_only=True):
    """``forget`` hears of every switch, so that this process makes no more mail from the version before."""

    database: Database
    now: Callable[[], datetime]
    new_id: Callable[[datetime], UUID]
    renders: Renderer = InProcessRenderer()
    forget: Callable[[int, str], None] = lambda _tenant, _name: None


class Templates:
    """A tenant's stored templates, changed."""

    def __init__(self, parts: TemplateParts) -> None:
        """Nothing is kept between calls."""
        self.parts = parts

    async def create(self, actor: TemplateActor, draft: TemplateDraft) -> SavedVersion | Rejection:
        """A new template with version 1, active where nothing is against it."""
        made = await self.made(actor.tenant, draft)
        if isinstance(made, Rejection):
            return made
        async with self.parts.database.transaction() as session:
            now = self.parts.now()
            if not await versions.add(session, actor.tenant, draft.name, self.parts.new_id(now), now):
                told = f"There is a template {draft.name!r} already; a new version of it goes to /v1/templates/{draft.name}/versions."
                return Rejection("validation_failed", told, (FieldError("name", "is taken by a template of your own"),))
            saved = await self.store(session, actor, draft, made)
            if not saved.notes:
                saved = await self.switch(session, actor, saved)
        self.parts.forget(actor.tenant, draft.name)
        return saved

    async def revise(self, actor: TemplateActor, draft: TemplateDraft) -> SavedVersion | Rejection:
        """The next version of a template, as a draft; the active one is left alone."""
        made = await self.made(actor.tenant, draft)
        if isinstance(made, Rejection):
            return made
        async with self.parts.database.transaction() as session:
            if await versions.hold(session, actor.tenant, draft.name) is None:
                return Rejection("not_found", NO_TEMPLATE)
            return await self.store(session, actor, draft, made)

    async def move(self, actor: TemplateActor, name: str, number: int, verb: TemplateAction) -> SavedVersion | Rejection:
        """Submit, approve, reject, activate or retire a version."""
        worded = await self.worded(actor.tenant, name, number)
        if worded is None:
            return Rejection("not_found", NO_VERSION)
        findings = await self.findings(actor.tenant, worded)
        errors = blocking(findings)
        if verb is TemplateAction.ACTIVATE and errors:
            return Rejection("validation_failed", f"Version {number} of {name!r} has errors and cannot become active.", errors)
        async with self.parts.database.transaction() as session:
            await versions.hold(session, actor.tenant, name)
            about = await versions.version(session, actor.tenant, name, number)
            assert about is not None  # noqa: S101 - versions are never deleted
            refused = await self._refused(session, actor, about, verb)
            if refused is not None:
                return refused
            required = await versions.is_approval_required(session, actor.tenant)
            state = after(about.state, verb, approval_required=required)
            if state is None:
                return _misplaced(about, verb, required=required)
            if state is TemplateState.ACTIVE and (gone := await self._typeless(session, actor.tenant, about)) is not None:
                return gone
            saved = SavedVersion(StoredTemplateVersion(about, worded.sources, worded.compiled_templates), findings)
            if state is not about.state:
                saved = await self._moved(session, actor, saved, state, PAST[verb])
        self.parts.forget(actor.tenant, name)
        return saved

    async def made(self, tenant: int, draft: TemplateDraft, parts: Parts | None = None) -> BuiltVersion | Rejection:
        """The draft built and linted against the tenant's layouts and partials, or against ``parts``."""
        draft, own = await self._of_own_type(tenant, draft)
        made = faults_of(draft, own) or await self.parts.renders.make(
            draft, await self.library(tenant) if parts is None else parts
        )
        if isinstance(made, BuiltVersion):
            return made
        return Rejection("validation_failed", f"{made[0].path}: {made[0].message}", made)

    async def findings(self, tenant: int, worded: StoredTemplateVersion) -> tuple[LintFinding, ...]:
        """What lint says of a version."""
        draft, _ = await self._of_own_type(tenant, worded.draft)
        return await self.parts.renders.lint(worded.template, draft)

    async def library(self, tenant: int) -> Parts:
        """The tenant's layouts and partials as they are now."""
        async with self.parts.database.session() as session:
            return {(part.kind, part.name): part.source or "" for part in await template_parts.current(session, tenant)}

    async def worded(self, tenant: int, name: str, number: int | None = None) -> StoredTemplateVersion | None:
        """A version of the tenant's own: that number, else the active one, else the newest."""
        if not rules.NAME.fullmatch(name) or not (number is None or 1 <= number <= _LARGEST):
            return None
        async with self.parts.database.session() as session:
            if number is None:
                known = await versions.summary(session, tenant, name)
                number = None if known is None else known.active or known.latest
            return None if number is None else await versions.worded(session, tenant, name, number)

    async def store(self, session: Session, actor: TemplateActor, draft: TemplateDraft, made: BuiltVersion) -> SavedVersion:
        """The next version as a draft, written down; the template is held. ``notes`` say why it may not become active at once."""
        now, tenant = self.parts.now(), actor.tenant
        digest = rules.digest(draft, made.compiled_templates)
        number = await versions.add_version(session, tenant, draft, made.compiled_templates, digest, actor.name, now)
        data = {"version": number, "digest": digest.hex()}
        await note(self.parts, session, actor, "template.version_created", f"template/{draft.name}", data)
        worded = await versions.worded(session, tenant, draft.name, number)
        assert worded is not None  # noqa: S101 - it was just written
        notes = [f"{error.path}: {error.message}" for error in blocking(made.findings)]
        if await versions.is_approval_required(session, tenant):
            notes.append("another person than its author has to approve it first")
        return SavedVersion(worded, made.findings, tuple(notes))

    async def switch(self, session: Session, actor: TemplateActor, saved: SavedVersion) -> SavedVersion:
        """Make a version the active one; the template is held and nothing is against it."""
        return await self._moved(session, actor, saved, TemplateState.ACTIVE, PAST[TemplateAction.ACTIVATE])

    async def submit(self, session: Session, actor: TemplateActor, saved: SavedVersion) -> SavedVersion:
        """Put a draft up for review; the template is held."""
        return await self._moved(session, actor, saved, TemplateState.IN_REVIEW, PAST[TemplateAction.SUBMIT])

    async def _of_own_type(self, tenant: int, draft: TemplateDraft) -> tuple[TemplateDraft, OwnTypes]:
        """The draft with the parent of its type, and the tenant's types where one of them may be meant."""
        if draft.type is None or draft.type in BY_NAME:
            return draft, {}
        async with self.parts.database.session() as session:
            found = types.own_types(await message_types.current(session, tenant))
        known = found.get(draft.type)
        return (draft if known is None else msgspec.structs.replace(draft, parent=known.parent)), found

    async def _typeless(self, session: Session, tenant: int, about: StoredVersion) -> Rejection | None:
        """Why a version may not become active whose type was removed since it was written."""
        if about.type is None or about.type in BY_NAME or await message_types.share(session, tenant, about.type):
            return None
        told = f"Version {about.version} of {about.name!r} cannot become active: {types.unknown(about.type)}"
        return Rejection("validation_failed", told, (FieldError("type", types.unknown(about.type)),))

    async def _moved(
        self, session: Session, actor: TemplateActor, saved: SavedVersion, state: TemplateState, done: str
    ) -> SavedVersion:
        about, now = saved.about, self.parts.now()
        replaced = await versions.move(session, actor.tenant, about.name, about.version, state, actor.name, now)
        data: dict[str, Any] = {"version": about.version, "before": about.state.value, "after": state.value}
        if replaced is not None:
            data["replaced"] = replaced
        await note(self.parts, session, actor, f"template.{done}", f"template/{about.name}", data)
        found = await versions.version(session, actor.tenant, about.name, about.version)
        assert found is not None  # noqa: S101 - versions are never deleted
        worded = StoredTemplateVersion(found, saved.worded.sources, saved.worded.compiled_templates)
        return SavedVersion(worded, saved.findings, replaced=replaced)

    async def _refused(
        self, session: Session, actor: TemplateActor, about: StoredVersion, verb: TemplateAction
    ) -> Rejection | None:
        """Why this actor may not decide that."""
        if verb not in DECISIONS or not await versions.is_approval_required(session, actor.tenant):
            return None
        if not actor.decides:
            return Rejection("forbidden", "A test key may write and submit versions; deciding about them needs a live key.")
        if verb is TemplateAction.APPROVE and actor.name == about.author:
            return Rejection(
                "forbidden", f"Version {about.version} was written by {actor.name}; another person has to approve it."
            )
        return None


def faults_of(draft: TemplateDraft, own: OwnTypes | None = None) -> tuple[FieldError, ...]:
    """What is wrong with how a draft is declared. ``own``: the types that the tenant made."""
    faults = rules.faults(draft)
    if draft.sender and all(fault.path != "from" for fault in faults) and (wrong := check_default_from(draft.sender)) is not None:
        faults = (*faults, FieldError("from", wrong))
    if draft.type is None or draft.type in BY_NAME or draft.type in (own or {}):
        return faults
    return (*faults, FieldError("type", types.unknown(draft.type, own or ())))


async def note(
    parts: TemplateParts, session: Session, actor: TemplateActor, action: str, subject: str, data: Mapping[str, Any]
) -> None:
    """An entry in the audit trail, in the transaction of the change."""
    now = parts.now()
    await audit.write(session, actor.tenant, AuditEntry(parts.new_id(now), now, actor.name, action, subject, dict(data)))


def _misplaced(about: StoredVersion, verb: TemplateAction, *, required: bool) -> Rejection:
    state = about.state.value.replace("_", " ")
    wanted = " Here it has to be approved first." if required and verb is TemplateAction.ACTIVATE else ""
    told = f"Version {about.version} of {about.name!r} is {state}: it cannot be {PAST[verb]}.{wanted}"
    return Rejection("validation_failed", told, (FieldError("version", f"is {state}"),))
