"""Templates from version control: what a folder would change, and the change, all of it or nothing (C1).

What is to become a version is built and linted first; then parts, versions and switches are one transaction, so a deploy
that is refused or interrupted leaves everything as it was. Content that is active already is left alone; content that
is the newest version already is only activated; anything else becomes a version. Where the tenant asks for approval, what
would become active is submitted instead.

Known sharp edges: after a rollback outside of version control the next push of the same folder goes forward again. Templates
and parts that are not in the folder are left alone: a push removes nothing.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from posthouse.admin.settings import change_part
from posthouse.admin.templates import SavedVersion, TemplateActor, Templates, faults_of
from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError, Rejection
from posthouse.model.template import TemplateDraft
from posthouse.model.template_state import TemplateAction, TemplateState, after
from posthouse.pipeline.render.build_version import BuiltVersion, blocking, build_version
from posthouse.policy.types import OwnTypes
from posthouse.store.postgres.database import Session
from posthouse.store.templates import parts as template_parts
from posthouse.store.templates import versions
from posthouse.store.templates.versions import StoredTemplateVersion
from posthouse.templates import draft as rules
from posthouse.templates.folder import FOLDERS, TemplateFolder, files_of, part_file
from posthouse.templates.lint import blocks

UNCHANGED: Final = "unchanged"
WAITS: Final = "waits for another person's approval"


class PushedItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one thing in the folder. ``kind``: template, layout or partial; ``done``: created, changed, activated, unchanged."""

    kind: str
    name: str
    done: str
    version: int | None = None
    state: str | None = None
    replaced: int | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[LintFinding, ...] = ()


class PushRefused(msgspec.Struct, frozen=True):
    """Why nothing was written: faults by file or template, and all that lint says."""

    errors: tuple[FieldError, ...]
    findings: dict[str, tuple[LintFinding, ...]] = {}


async def push(
    templates_: Templates,
    actor: TemplateActor,
    folder: TemplateFolder,
    *,
    activate: bool = True,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[PushedItem, ...] | PushRefused:
    """Bring the tenant's templates to what the folder says; a dry run only says what that would be."""
    if folder.faults:
        return PushRefused(folder.faults)
    stored = await templates_.library(actor.tenant)
    made = await _made(templates_, actor, folder, {**stored, **folder.parts}, activate=activate, progress=progress)
    if isinstance(made, PushRefused):
        return made
    async with templates_.parts.database.session() as session:
        transaction = session.transaction()
        await transaction.start()
        try:
            await template_parts.hold(session, actor.tenant)
            now_stored = {(part.kind, part.name): part.source for part in await template_parts.current(session, actor.tenant)}
            if now_stored != stored:
                return PushRefused((FieldError("", "layouts or partials were changed by somebody else just now; push again"),))
            pushing = _Pushing(templates_, session, actor, activate=activate)
            steps = [await pushing.part(kind, name, source) for (kind, name), source in sorted(folder.parts.items())]
            steps += [await pushing.template(draft, made[name]) for name, draft in sorted(folder.drafts.items())]
            if not dry_run:
                await transaction.commit()
                transaction = None
        finally:
            if transaction is not None:
                await transaction.rollback()
    for name in folder.drafts:
        templates_.parts.forget(actor.tenant, name)
    return tuple(steps)


async def stored_files(templates_: Templates, tenant: int, names: frozenset[str] | None = None) -> dict[str, str]:
    """The tree that says what is stored: of each template the active version, else the newest; ``names`` None: all, and all parts."""
    files: dict[str, str] = {}
    async with templates_.parts.database.session() as session:
        known = await versions.names(session, tenant)
        parts = await template_parts.current(session, tenant)
    for part in parts:
        if part.kind in FOLDERS and part.source is not None:
            files[part_file(part.kind, part.name)] = part.source
    for name in known:
        if names is None or name in names:
            found = await templates_.worded(tenant, name)
            files |= files_of(found.draft) if found is not None else {}
    return files


async def _made(
    templates_: Templates,
    actor: TemplateActor,
    folder: TemplateFolder,
    parts: dict[tuple[str, str], str],
    *,
    activate: bool,
    progress: Callable[[str], None],
) -> dict[str, BuiltVersion] | PushRefused:
    """Every draft built, or all that is in the way of any."""
    made: dict[str, BuiltVersion] = {}
    errors: list[FieldError] = []
    for name, draft in sorted(folder.drafts.items()):
        progress(f"building {name}")
        built = await templates_.made(actor.tenant, draft, parts)
        if isinstance(built, Rejection):
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in built.errors)
            continue
        made[name] = built
        if activate:
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in blocking(built.findings))
    if errors:
        return PushRefused(tuple(errors), {name: built.findings for name, built in made.items() if built.findings})
    return made


class _Pushing:
    """The steps of one push, inside its transaction."""

    def __init__(self, templates_: Templates, session: Session, actor: TemplateActor, *, activate: bool) -> None:
        self._templates = templates_
        self._session = session
        self._actor = actor
        self._activate = activate

    async def part(self, kind: str, name: str, source: str) -> PushedItem:
        """A layout or partial."""
        known = await template_parts.get(self._session, self._actor.tenant, kind, name)
        put = await change_part(self._templates.parts, self._session, self._actor, kind, name, source)
        done = UNCHANGED if put == known else "changed" if known is not None else "created"
        return PushedItem(kind=kind, name=name, done=done, version=None if put is None else put.version)

    async def template(self, draft: TemplateDraft, made: BuiltVersion) -> PushedItem:
        """A template: nothing, a switch, or a version and perhaps a switch."""
        tenant, session, parts = self._actor.tenant, self._session, self._templates.parts
        now = parts.now()
        new = await versions.add(session, tenant, draft.name, parts.new_id(now), now)
        latest = 0 if new else await versions.hold(session, tenant, draft.name) or 0
        same = None if new else await self._same(draft, made, latest)
        if same is None:
            saved = await self._templates.store(session, self._actor, draft, made)
            done = "created" if new else "changed"
        else:
            saved, done = SavedVersion(same, made.findings), UNCHANGED
        before = saved.about.state
        if self._activate:
            saved = await self._live(saved)
        if done == UNCHANGED and saved.about.state is not before:
            done = "activated" if saved.about.state is TemplateState.ACTIVE else "submitted"
        return PushedItem(
            kind="template", name=draft.name, done=done, version=saved.about.version, state=saved.about.state.value,
            replaced=saved.replaced, notes=saved.notes if self._activate else (), findings=made.findings,
        )  # fmt: skip

    async def _same(self, draft: TemplateDraft, made: BuiltVersion, latest: int) -> StoredTemplateVersion | None:
        """The active or newest version, where it is this very content."""
        wanted = rules.digest(draft, made.compiled_templates)
        summary = await versions.summary(self._session, self._actor.tenant, draft.name)
        active = None if summary is None else summary.active
        for number in dict.fromkeys(number for number in (active, latest) if number):
            found = await versions.worded(self._session, self._actor.tenant, draft.name, number)
            if found is not None and found.about.digest == wanted:
                return found
        return None

    async def _live(self, saved: SavedVersion) -> SavedVersion:
        """As far towards active as this actor may bring it."""
        required = await versions.is_approval_required(self._session, self._actor.tenant)
        state = saved.about.state
        if state is TemplateState.ACTIVE:
            return saved
        allowed = not required or self._actor.decides
        if allowed and after(state, TemplateAction.ACTIVATE, approval_required=required) is TemplateState.ACTIVE:
            return await self._templates.switch(self._session, self._actor, saved)
        if state is TemplateState.DRAFT:
            saved = await self._templates.submit(self._session, self._actor, saved)
        return msgspec.structs.replace(saved, notes=(WAITS,))


class FolderLint(msgspec.Struct, frozen=True):
    """What is to be said about a folder; ``count``: how many templates it holds."""

    count: int
    errors: tuple[FieldError, ...]
    findings: dict[str, tuple[LintFinding, ...]]

    def is_fine(self, *, strict: bool) -> bool:
        """True where nothing would keep the folder from being pushed; ``strict``: nor is there any finding that is not waived."""
        return not self.errors and not any(blocks(found, strict=strict) for found in self.findings.values())


def lint_folder(folder: TemplateFolder, own: OwnTypes | None = None) -> FolderLint:
    """The folder by itself, without a store: built and checked as a push would, with its own layouts and partials.

    ``own``: the types of the tenant's that it may name.
    """
    errors = list(folder.faults)
    findings: dict[str, tuple[LintFinding, ...]] = {}
    for name, draft in sorted(folder.drafts.items()):
        known = (own or {}).get(draft.type or "")
        named = draft if known is None else msgspec.structs.replace(draft, parent=known.parent)
        built = faults_of(named, own) or build_version(named, folder.parts)
        if isinstance(built, BuiltVersion):
            findings |= {name: built.findings} if built.findings else {}
            errors += (FieldError(f"{name}: {error.path}", error.message) for error in blocking(built.findings))
        else:
            errors += (FieldError(f"{name}: {fault.path}", fault.message) for fault in built)
    return FolderLint(len(folder.drafts), tuple(errors), findings)
