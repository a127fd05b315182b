"""``posthouse template``: templates from version control, looked at, checked and switched.

``lint`` needs no database: it builds and checks what is on disk, as a push would. ``push`` is a step of a deployment: what is
there already makes no version, and a folder with an error changes nothing at all.
"""

import sys
from pathlib import Path
from typing import Any, Final

import click

from posthouse.admin import template_push
from posthouse.admin.message_types import faults_of
from posthouse.admin.template_push import UNCHANGED, FolderLint, PushedItem, PushRefused, lint_folder
from posthouse.admin.templates import TemplateActor, Templates
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, plain, progress, remark, table
from posthouse.doors.cli.shared.session import CliSession
from posthouse.doors.cli.shared.with_templates import TENANT, with_templates
from posthouse.doors.cli.templates.folder import FOLDER, NEW_FOLDER, read_tree, remove_stale, write_tree
from posthouse.doors.cli.templates.versions import COMMANDS
from posthouse.model.lint_finding import LintFinding
from posthouse.model.message_type import MessageType
from posthouse.pipeline.render.build_version import sentence
from posthouse.policy import types
from posthouse.templates import folder as trees

HEADINGS: Final = ("KIND", "NAME", "DONE", "VERSION", "STATE", "NOTES")


class OwnTypeName(click.ParamType[MessageType]):
    """``name=parent``, for a command that does not ask the database."""

    name = "name=parent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MessageType:
        """The type, or a usage error that says what is wrong."""
        if isinstance(value, MessageType):
            return value
        name, _, parent = str(value).partition("=")
        faults = faults_of(name, parent)
        return self.fail(f"{faults[0].path} {faults[0].message}", param, ctx) if faults else types.own(name, parent)


@click.group()
def template() -> None:
    """Templates: pushed from version control, linted, looked at, switched."""


@template.command()
@FOLDER
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--activate/--no-activate", default=True, help="Switch to what was pushed (the default), or leave drafts.")
@TENANT
@as_json
@click.pass_obj
def push(handed: CliContext, *, folder: Path, dry_run: bool, activate: bool, tenant: str | None, as_json: bool) -> None:
    """Bring the stored templates to what DIR says: all of it, or nothing where there is an error.

    Content that is there already makes no new version. Where the tenant asks for approval, versions are submitted
    for it instead of activated. Exits 1 when something is refused.
    """
    read = trees.read_folder(read_tree(folder))
    told = progress if not as_json else (lambda _: None)

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> tuple[PushedItem, ...] | PushRefused:
        return await template_push.push(templates, actor, read, activate=activate, dry_run=dry_run, progress=told)

    done = with_templates(handed, tenant, work)
    if isinstance(done, PushRefused):
        _refused(done, as_json=as_json)
        sys.exit(1)
    if as_json:
        answer({"dryRun": dry_run, "changed": sum(step.done != UNCHANGED for step in done), "steps": done})
        return
    table(HEADINGS, (_cells(step) for step in done))
    for step in done:
        _tell_findings(step.name, step.findings)
    changed = sum(step.done != UNCHANGED for step in done)
    remark(f"{changed} of {len(done)} {'would change' if dry_run else 'changed'}.")


@template.command()
@NEW_FOLDER
@click.argument("names", metavar="[NAME]…", nargs=-1)
@TENANT
@as_json
@click.pass_obj
def pull(handed: CliContext, *, folder: Path, names: tuple[str, ...], tenant: str | None, as_json: bool) -> None:
    """Write the stored templates to DIR: of each the active version, else the newest.

    Files that differ are written anew, and words that a template no longer has are removed; other templates on disk
    are left alone.
    """

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> dict[str, str]:
        return await template_push.stored_files(templates, actor.tenant, frozenset(names) or None)

    files = with_templates(handed, tenant, work)
    written, removed = write_tree(folder, files), remove_stale(folder, files)
    if as_json:
        answer({"written": written, "removed": removed, "unchanged": len(files) - len(written)})
        return
    for path in (*written, *(f"{path} (removed)" for path in removed)):
        click.echo(path)
    remark(f"{len(written)} files written, {len(removed)} removed, {len(files) - len(written)} as they were.")


@template.command()
@FOLDER
@TENANT
@as_json
@click.pass_obj
def diff(handed: CliContext, *, folder: Path, tenant: str | None, as_json: bool) -> None:
    """Show what a push of DIR would change in what is stored, line by line; exits 1 when something would."""
    read = trees.read_folder(read_tree(folder))
    if read.faults:
        _refused(PushRefused(read.faults), as_json=as_json)
        sys.exit(1)
    wanted = {trees.part_file(kind, name): source for (kind, name), source in read.parts.items()}
    for draft in read.drafts.values():
        wanted |= trees.files_of(draft)

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> dict[str, str]:
        return await template_push.stored_files(templates, actor.tenant)

    stored = with_templates(handed, tenant, work)
    known = {path: said for path, said in stored.items() if path in wanted or path.partition("/")[0] in read.drafts}
    differing = sorted(path for path in {*known, *wanted} if known.get(path) != wanted.get(path))
    if as_json:
        only = sorted({path.partition("/")[0] for path in stored if not path.startswith("_")} - set(read.drafts))
        answer({"differing": differing, "onlyStored": only})
    else:
        for line in trees.changed_lines(known, wanted):
            click.echo(plain(line))
    sys.exit(1 if differing else 0)


@template.command()
@FOLDER
@click.option("--strict", is_flag=True, help="A warning fails, too.")
@click.option(
    "--type",
    "own",
    type=OwnTypeName(),
    multiple=True,
    help="NAME=PARENT: a type of your own that templates name; may be repeated.",
)
@as_json
def lint(*, folder: Path, strict: bool, own: tuple[MessageType, ...], as_json: bool) -> None:
    """Build and check the templates in DIR; needs no database. Exits 1 on an error, with --strict on any finding."""
    found = lint_folder(trees.read_folder(read_tree(folder)), {each.name: each for each in own})
    if as_json:
        answer({"ok": found.is_fine(strict=strict), "errors": found.errors, "findings": found.findings})
    else:
        _tell(found)
        remark(f"{found.count} templates, {len(found.errors)} errors, {sum(map(len, found.findings.values()))} findings.")
    sys.exit(0 if found.is_fine(strict=strict) else 1)


def _tell(found: FolderLint) -> None:
    for error in found.errors:
        click.echo(plain(f"{error.path}: error: {error.message}"))
    for name, findings in found.findings.items():
        for finding in _advice(findings):
            click.echo(plain(f"{name}: {_sentence(finding)}"))


def _refused(why: PushRefused, *, as_json: bool) -> None:
    if as_json:
        answer({"errors": why.errors, "findings": why.findings})
    for error in why.errors:
        remark(plain(f"posthouse: {error.path}: {error.message}"))
    for name, findings in why.findings.items():
        _tell_findings(name, findings)


def _tell_findings(name: str, findings: tuple[LintFinding, ...]) -> None:
    for finding in _advice(findings):
        remark(plain(f"{name}: {_sentence(finding)}"))


def _advice(findings: tuple[LintFinding, ...]) -> tuple[LintFinding, ...]:
    """What is not told as an error already."""
    return tuple(finding for finding in findings if finding.severity != "error")


def _sentence(finding: LintFinding) -> str:
    waived = f" (waived: {finding.waived})" if finding.waived is not None else ""
    return f"{finding.severity}: {finding.rule}: {sentence(finding)}{waived}"


def _cells(step: PushedItem) -> tuple[str, ...]:
    version = "" if step.version is None else str(step.version)
    state = (step.state or "").replace("_", " ")
    after: list[Any] = [*step.notes, *([f"instead of {step.replaced}"] if step.replaced else [])]
    return step.kind, step.name, step.done, version, state, "; ".join(after)


for command in COMMANDS:
    template.add_command(command)
