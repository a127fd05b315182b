"""Templates from version control: what a folder would change, and the change, all of it or nothing.

What is to become a version is built and linted first; then parts, versions and switches are one transaction, so a deployment
that is refused or interrupted leaves everything as it was. Content that is active already is left alone; content that
is the newest version already is only activated; anything else becomes a version. Where the tenant requires approval, what
would become active is submitted instead.

Known sharp edges: after a rollback outside of version control the next push of the same folder goes forward again. Templates
and parts that are not in the folder are left alone: a push removes nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.admin.template_parts import change_part
from posthouse.admin.template_versions import (
    SavedVersion,
    activate_version,
    build,
    check_draft,
    find_version,
    store_version,
    stored_parts,
    submit_version,
)
from posthouse.model.actor import Actor
from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError, Rejection
from posthouse.model.template import TemplateDraft
from posthouse.model.template_state import TemplateAction, TemplateState, after
from posthouse.pipeline.render.build_version import BuiltVersion, Parts, blocking, build_version
from posthouse.policy.types import OwnTypes
from posthouse.store.postgres.database import Session
from posthouse.store.templates import parts as template_parts
from posthouse.store.templates import versions
from posthouse.store.templates.versions import StoredTemplateVersion
from posthouse.templates import draft as rules
from posthouse.templates.folder import FOLDERS, TemplateFolder, files_of, part_file
from posthouse.templates.lint import blocks

UNCHANGED: Final = "unchanged"
AWAITS_APPROVAL: Final = "waits for another person's approval"


def _no_progress(_text: str) -> None:
    """For whoever shows none."""


class PushOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``activate``: switch to what is pushed. ``dry_run``: only say what would change. ``progress`` is called with what takes
    long.
    """

    activate: bool = True
    dry_run: bool = False
    progress: Callable[[str], None] = _no_progress


class PushedItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one thing in the folder. ``kind``: template, layout or partial; ``result``: created, changed, activated,
    submitted, unchanged.
    """

    kind: str
    name: str
    result: str = msgspec.field(name="done")
    version: int | None = None
    state: str | None = None
    replaced: int | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[LintFinding, ...] = ()


class PushRefused(msgspec.Struct, frozen=True):
    """Why nothing was written: errors by file or template, and all that lint found."""

    errors: tuple[FieldError, ...]
    findings: dict[str, tuple[LintFinding, ...]] = {}


async def push(
    context: AdminContext, actor: Actor, folder: TemplateFolder, options: PushOptions
) -> tuple[PushedItem, ...] | PushRefused:
    """Bring the tenant's templates to what the folder holds; a dry run only says what that would be."""
    if folder.faults:
        return PushRefused(folder.faults)
    parts = await stored_parts(context, actor)
    built = await _build_all(context, actor, folder, {**parts, **folder.parts}, options)
    if isinstance(built, PushRefused):
        return built
    async with context.database(actor).session() as session:
        transaction = session.transaction()
        await transaction.start()
        try:
            await template_parts.hold(session, actor.tenant)
            # What was built used the parts as they were read before the lock; if they changed since, it may be wrong.
            current = {(part.kind, part.name): part.source for part in await template_parts.current(session, actor.tenant)}
            if current != parts:
                return PushRefused((FieldError("", "layouts or partials were changed by somebody else just now; push again"),))
            push_ = _Push(context, session, actor, activate=options.activate)
            items = [await push_.put_part(kind, name, source) for (kind, name), source in sorted(folder.parts.items())]
            items += [await push_.put_template(draft, built[name]) for name, draft in sorted(folder.drafts.items())]
            if not options.dry_run:
                await transaction.commit()
                transaction = None
        finally:
            if transaction is not None:
                await transaction.rollback()
    for name in folder.drafts:
        context.forget_template(actor.tenant, name)
    return tuple(items)


async def stored_files(context: AdminContext, actor: Actor, names: frozenset[str] | None = None) -> dict[str, str]:
    """What is stored, as files: of each template the active version, else the newest. ``names`` None: all; always all parts."""
    files: dict[str, str] = {}
    async with context.database(actor).session() as session:
        known = await versions.names(session, actor.tenant)
        parts = await template_parts.current(session, actor.tenant)
    for part in parts:
        if part.kind in FOLDERS and part.source is not None:
            files[part_file(part.kind, part.name)] = part.source
    for name in known:
        if names is None or name in names:
            stored = await find_version(context, actor, name)
            files |= files_of(stored.draft) if stored is not None else {}
    return files


async def _build_all(
    context: AdminContext, actor: Actor, folder: TemplateFolder, parts: Parts, options: PushOptions
) -> dict[str, BuiltVersion] | PushRefused:
    """Every draft built, or all that is in the way of any."""
    versions_built: dict[str, BuiltVersion] = {}
    errors: list[FieldError] = []
    for name, draft in sorted(folder.drafts.items()):
        options.progress(f"building {name}")
        built = await build(context, actor, draft, parts)
        if isinstance(built, Rejection):
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in built.errors)
            continue
        versions_built[name] = built
        if options.activate:
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in blocking(built.findings))
    if errors:
        findings = {name: built.findings for name, built in versions_built.items() if built.findings}
        return PushRefused(tuple(errors), findings)
    return versions_built


class _Push:
    """The steps of one push, inside its transaction."""

    def __init__(self, context: AdminContext, session: Session, actor: Actor, *, activate: bool) -> None:
        self._context = context
        self._session = session
        self._actor = actor
        self._activate = activate

    async def put_part(self, kind: str, name: str, source: str) -> PushedItem:
        """A layout or partial."""
        before = await template_parts.get(self._session, self._actor.tenant, kind, name)
        part = await change_part(self._context, self._session, self._actor, kind, name, source)
        result = UNCHANGED if part == before else "changed" if before is not None else "created"
        return PushedItem(kind=kind, name=name, result=result, version=None if part is None else part.version)

    async def put_template(self, draft: TemplateDraft, built: BuiltVersion) -> PushedItem:
        """A template: nothing, a switch, or a version and perhaps a switch."""
        saved, result = await self._saved(draft, built)
        before = saved.about.state
        if self._activate:
            saved = await self._activated(saved)
        if result == UNCHANGED and saved.about.state is not before:
            result = "activated" if saved.about.state is TemplateState.ACTIVE else "submitted"
        return PushedItem(
            kind="template",
            name=draft.name,
            result=result,
            version=saved.about.version,
            state=saved.about.state.value,
            replaced=saved.replaced,
            notes=saved.notes if self._activate else (),
            findings=built.findings,
        )

    async def _saved(self, draft: TemplateDraft, built: BuiltVersion) -> tuple[SavedVersion, str]:
        """The version with this content, written now where there is none, and which of the two it was."""
        session, now = self._session, self._context.clock.now()
        is_new = await versions.add(session, self._actor.tenant, draft.name, self._context.new_id(now), now)
        if not is_new:
            latest = await versions.hold(session, self._actor.tenant, draft.name) or 0
            if (same := await self._same(draft, built, latest)) is not None:
                return SavedVersion(same, built.findings), UNCHANGED
        saved = await store_version(self._context, session, self._actor, draft, built)
        return saved, "created" if is_new else "changed"

    async def _same(self, draft: TemplateDraft, built: BuiltVersion, latest: int) -> StoredTemplateVersion | None:
        """The active or newest version, where it is this very content."""
        digest = rules.digest(draft, built.compiled_templates)
        summary = await versions.summary(self._session, self._actor.tenant, draft.name)
        active = None if summary is None else summary.active
        for number in dict.fromkeys(number for number in (active, latest) if number):
            stored = await versions.version_with_sources(self._session, self._actor.tenant, draft.name, number)
            if stored is not None and stored.about.digest == digest:
                return stored
        return None

    async def _activated(self, saved: SavedVersion) -> SavedVersion:
        """The version as near to active as this actor may bring it."""
        required = await versions.is_approval_required(self._session, self._actor.tenant)
        state = saved.about.state
        if state is TemplateState.ACTIVE:
            return saved
        is_allowed = not required or self._actor.may_decide
        if is_allowed and after(state, TemplateAction.ACTIVATE, approval_required=required) is TemplateState.ACTIVE:
            return await activate_version(self._context, self._session, self._actor, saved)
        if state is TemplateState.DRAFT:
            saved = await submit_version(self._context, self._session, self._actor, saved)
        return msgspec.structs.replace(saved, notes=(AWAITS_APPROVAL,))


class FolderLint(msgspec.Struct, frozen=True):
    """What lint finds in a folder; ``count``: how many templates it holds."""

    count: int
    errors: tuple[FieldError, ...]
    findings: dict[str, tuple[LintFinding, ...]]

    def is_fine(self, *, strict: bool) -> bool:
        """True where nothing would keep the folder from being pushed; ``strict``: nor is there any finding that is not waived."""
        return not self.errors and not any(blocks(findings, strict=strict) for findings in self.findings.values())


def lint_folder(folder: TemplateFolder, own_types: OwnTypes | None = None) -> FolderLint:
    """The folder by itself, without a store: built and checked as a push would, with its own layouts and partials.

    ``own_types``: those of the tenant's that it may name.
    """
    errors = list(folder.faults)
    findings: dict[str, tuple[LintFinding, ...]] = {}
    for name, draft in sorted(folder.drafts.items()):
        known = (own_types or {}).get(draft.type or "")
        with_parent = draft if known is None else msgspec.structs.replace(draft, parent=known.parent)
        built = check_draft(with_parent, own_types) or build_version(with_parent, folder.parts)
        if isinstance(built, BuiltVersion):
            findings |= {name: built.findings} if built.findings else {}
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in blocking(built.findings))
        else:
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in built)
    return FolderLint(len(folder.drafts), tuple(errors), findings)
