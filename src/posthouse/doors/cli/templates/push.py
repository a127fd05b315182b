"""``posthouse template`` for a folder: pushed to the store, pulled from it, compared with it, linted.

``lint`` needs no database: it builds and checks what is on disk, as a push would. ``push`` is a step of a deployment: what is
stored already makes no version, and a folder with an error changes nothing at all.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from posthouse.admin import template_push
from posthouse.admin.message_types import check_type
from posthouse.admin.template_push import UNCHANGED, FolderLint, PushedItem, PushOptions, PushRefused, lint_folder
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, plain, progress, remark, table
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.doors.cli.templates.folder import FOLDER, NEW_FOLDER, read_tree, remove_stale, write_tree
from posthouse.model.lint_finding import LintFinding
from posthouse.model.message_type import MessageType
from posthouse.model.send_request import FieldError
from posthouse.pipeline.render.build_version import sentence
from posthouse.policy import types
from posthouse.templates import folder as trees

HEADINGS: Final = ("KIND", "NAME", "DONE", "VERSION", "STATE", "NOTES")


class PushReport(msgspec.Struct, frozen=True, rename="camel"):
    """What a push changed; ``changed`` counts all but what was so already."""

    dry_run: bool
    changed: int
    steps: tuple[PushedItem, ...]


class PullReport(msgspec.Struct, frozen=True):
    """The files that a pull wrote and removed; ``unchanged``: how many were so already."""

    written: list[str]
    removed: list[str]
    unchanged: int


class DiffReport(msgspec.Struct, frozen=True, rename="camel"):
    """Files that differ from what is stored, and templates that are stored and not in the folder."""

    differing: list[str]
    only_stored: list[str]


class LintReport(msgspec.Struct, frozen=True):
    """What lint finds in a folder; ``ok``: it could be pushed."""

    ok: bool
    errors: Sequence[FieldError]
    findings: dict[str, tuple[LintFinding, ...]]


class OwnTypeName(click.ParamType[MessageType]):
    """``name=parent``, for a command that does not ask the database."""

    name = "name=parent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MessageType:
        """The type, or a usage error that says what is wrong."""
        if isinstance(value, MessageType):
            return value
        name, _, parent = str(value).partition("=")
        errors = check_type(name, parent)
        return self.fail(f"{errors[0].path} {errors[0].message}", param, ctx) if errors else types.own(name, parent)


@click.command()
@FOLDER
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--activate/--no-activate", default=True, help="Switch to what was pushed (the default), or leave drafts.")
@tenant_option("templates")
@as_json
@click.pass_obj
def push(context: CliContext, *, folder: Path, dry_run: bool, activate: bool, tenant: str | None, as_json: bool) -> None:
    """Bring the stored templates to what DIR has: all of it, or nothing where there is an error.

    Content that is stored already makes no new version. Where the tenant requires approval, versions are submitted
    for it instead of activated. Exits 1 when something is refused.
    """
    tree = trees.read_folder(read_tree(folder))
    options = PushOptions(activate=activate, dry_run=dry_run, progress=_silent if as_json else progress)
    result = with_admin(context, tenant, lambda admin, actor: template_push.push(admin, actor, tree, options))
    if isinstance(result, PushRefused):
        _print_refusal(result, as_json=as_json)
        sys.exit(1)
    report = PushReport(dry_run, sum(item.result != UNCHANGED for item in result), result)
    if as_json:
        answer(report)
        return
    table(HEADINGS, map(_cells, report.steps))
    for item in report.steps:
        _print_findings(item.name, item.findings)
    remark(f"{report.changed} of {len(report.steps)} {'would change' if dry_run else 'changed'}.")


@click.command()
@NEW_FOLDER
@click.argument("names", metavar="[NAME]…", nargs=-1)
@tenant_option("templates")
@as_json
@click.pass_obj
def pull(context: CliContext, *, folder: Path, names: tuple[str, ...], tenant: str | None, as_json: bool) -> None:
    """Write the stored templates to DIR: of each the active version, else the newest.

    Files that differ are written anew, and words that a template no longer has are removed; other templates on disk
    are left alone.
    """
    only = frozenset(names) or None
    files = with_admin(context, tenant, lambda admin, actor: template_push.stored_files(admin, actor, only))
    written, removed = write_tree(folder, files), remove_stale(folder, files)
    report = PullReport(written, removed, len(files) - len(written))
    if as_json:
        answer(report)
        return
    for path in (*written, *(f"{path} (removed)" for path in removed)):
        click.echo(path)
    remark(f"{len(written)} files written, {len(removed)} removed, {report.unchanged} unchanged.")


@click.command()
@FOLDER
@tenant_option("templates")
@as_json
@click.pass_obj
def diff(context: CliContext, *, folder: Path, tenant: str | None, as_json: bool) -> None:
    """Show what a push of DIR would change in what is stored, line by line; exits 1 when something would."""
    tree = trees.read_folder(read_tree(folder))
    if tree.faults:
        _print_refusal(PushRefused(tree.faults), as_json=as_json)
        sys.exit(1)
    local = {trees.part_file(kind, name): source for (kind, name), source in tree.parts.items()}
    for draft in tree.drafts.values():
        local |= trees.files_of(draft)
    stored = with_admin(context, tenant, template_push.stored_files)
    compared = {path: text for path, text in stored.items() if path in local or path.partition("/")[0] in tree.drafts}
    differing = sorted(path for path in {*compared, *local} if compared.get(path) != local.get(path))
    if as_json:
        names = {path.partition("/")[0] for path in stored if not path.startswith("_")}
        answer(DiffReport(differing, sorted(names - set(tree.drafts))))
    else:
        for line in trees.changed_lines(compared, local):
            click.echo(plain(line))
    sys.exit(1 if differing else 0)


@click.command()
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
    report = LintReport(found.is_fine(strict=strict), found.errors, found.findings)
    if as_json:
        answer(report)
    else:
        _print_lint(found)
    sys.exit(0 if report.ok else 1)


def _silent(_text: str) -> None:
    """No progress, for a program."""


def _print_lint(found: FolderLint) -> None:
    for error in found.errors:
        click.echo(plain(f"{error.path}: error: {error.message}"))
    for name, findings in found.findings.items():
        for finding in _warnings(findings):
            click.echo(plain(f"{name}: {_sentence(finding)}"))
    remark(f"{found.count} templates, {len(found.errors)} errors, {sum(map(len, found.findings.values()))} findings.")


def _print_refusal(refusal: PushRefused, *, as_json: bool) -> None:
    if as_json:
        answer(refusal)
    for error in refusal.errors:
        remark(plain(f"posthouse: {error.path}: {error.message}"))
    for name, findings in refusal.findings.items():
        _print_findings(name, findings)


def _print_findings(name: str, findings: tuple[LintFinding, ...]) -> None:
    for finding in _warnings(findings):
        remark(plain(f"{name}: {_sentence(finding)}"))


def _warnings(findings: tuple[LintFinding, ...]) -> tuple[LintFinding, ...]:
    """What does not stand among the errors already."""
    return tuple(finding for finding in findings if finding.severity != "error")


def _sentence(finding: LintFinding) -> str:
    waived = f" (waived: {finding.waived})" if finding.waived is not None else ""
    return f"{finding.severity}: {finding.rule}: {sentence(finding)}{waived}"


def _cells(item: PushedItem) -> tuple[str, ...]:
    version = "" if item.version is None else str(item.version)
    state = (item.state or "").replace("_", " ")
    notes: list[Any] = [*item.notes, *([f"instead of {item.replaced}"] if item.replaced else [])]
    return item.kind, item.name, item.result, version, state, "; ".join(notes)
