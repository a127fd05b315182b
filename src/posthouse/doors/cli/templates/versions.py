"""The rest of ``posthouse template``: list, render, move a version, ask for approval, the audit trail, render a record again."""

import sys
from typing import Any, Final, NoReturn
from uuid import UUID

import click

from posthouse.admin.rerender import RerenderResult, rerender
from posthouse.admin.settings import require_approval
from posthouse.admin.template_preview import TemplatePreview, preview
from posthouse.admin.templates import SavedVersion, TemplateActor, Templates
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, moment, plain, remark, table
from posthouse.doors.cli.shared.parameters import VariableArgument
from posthouse.doors.cli.shared.session import CliSession
from posthouse.doors.cli.shared.with_templates import TENANT, with_templates
from posthouse.model import ids
from posthouse.model.audit import AuditEntry
from posthouse.model.send_request import Environment, Rejection
from posthouse.model.template import TemplateSummary
from posthouse.model.template_state import PAST, TemplateAction
from posthouse.store.templates import versions as stored
from posthouse.store.tenants import audit

HEADINGS: Final = ("NAME", "TYPE", "ACTIVE", "NEWEST", "CREATED")
_TRAIL: Final = ("AT", "WHO", "WHAT", "OF", "DATA")
_MOST: Final = 1000
_END: Final = UUID(int=(1 << 128) - 1)


@click.command("list")
@TENANT
@as_json
@click.pass_obj
def list_(handed: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show the stored templates, the newest first."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> list[TemplateSummary]:
        async with templates.parts.database.session() as reading:
            return await stored.summaries(reading, actor.tenant, _END, _MOST)

    found = with_templates(handed, tenant, work)
    if as_json:
        answer(
            {
                "data": [
                    {
                        "name": f.name,
                        "type": f.type,
                        "activeVersion": f.active,
                        "latestVersion": f.latest,
                        "createdAt": f.created_at,
                    }
                    for f in found
                ]
            }
        )
    else:
        table(HEADINGS, ((f.name, f.type or "", str(f.active or ""), str(f.latest), moment(f.created_at)) for f in found))


@click.command()
@click.argument("name")
@click.option("--version", "number", type=click.IntRange(1), help="Left out: the active one, else the newest.")
@click.option(
    "--variable",
    "variables",
    type=VariableArgument(),
    multiple=True,
    help="name=text or name:=JSON; what is left out is an example.",
)
@click.option("--locale", help="Which variant.")
@click.option("--as", "part", type=click.Choice(["text", "html", "raw"]), default="text", help="What to print.")
@TENANT
@as_json
@click.pass_obj
def render(
    handed: CliContext, *, name: str, number: int | None, variables: tuple[tuple[str, Any], ...], locale: str | None, part: str,
    tenant: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Preview the template NAME with examples for its variables; text, HTML or the whole mail."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> TemplatePreview | Rejection:
        return await preview(templates, actor.tenant, name, number=number, variables=dict(variables), locale=locale)

    seen = with_templates(handed, tenant, work)
    if isinstance(seen, Rejection):
        _refused(seen, as_json=as_json)
    made, raw = seen.rendered, seen.raw.decode("utf-8", "replace")
    if as_json:
        answer(
            {
                "name": name,
                "version": seen.version.version,
                "locale": made.locale,
                "subject": made.subject,
                "html": made.html,
                "text": made.text,
                "raw": raw,
            }
        )
    elif part == "text":
        click.echo(f"Subject: {plain(made.subject)}\n\n{_shown(made.text)}")
    else:
        click.echo(_shown(raw.replace("\r\n", "\n") if part == "raw" else made.html or ""))


def _mover(verb: TemplateAction, told: str) -> click.Command:
    @click.command(verb.value, help=told)
    @click.argument("name")
    @click.argument("version", type=click.IntRange(1))
    @TENANT
    @as_json
    @click.pass_obj
    def move(handed: CliContext, *, name: str, version: int, tenant: str | None, as_json: bool) -> None:
        async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> SavedVersion | Rejection:
            return await templates.move(actor, name, version, verb)

        moved = with_templates(handed, tenant, work)
        if isinstance(moved, Rejection):
            _refused(moved, as_json=as_json)
        if as_json:
            answer({"name": name, "version": version, "state": moved.about.state.value, "replaced": moved.replaced})
        else:
            remark(f"Version {version} of {name} is {PAST[verb]}" + (f" instead of {moved.replaced}." if moved.replaced else "."))

    return move


@click.command()
@click.option("--require/--no-require", default=None, help="Ask for another person's approval of every version, or no longer.")
@TENANT
@as_json
@click.pass_obj
def approval(handed: CliContext, *, require: bool | None, tenant: str | None, as_json: bool) -> None:
    """Say whether versions need another person's approval before they go live; with an option, change it."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> bool:
        if require is not None:
            await require_approval(templates.parts, actor, required=require)
        async with templates.parts.database.session() as reading:
            return await stored.is_approval_required(reading, actor.tenant)

    required = with_templates(handed, tenant, work)
    if as_json:
        answer({"approvalRequired": required})
    else:
        click.echo(f"approval by another person is {'required' if required else 'not required'}")


@click.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, help="How many.")
@TENANT
@as_json
@click.pass_obj
def trail(handed: CliContext, *, name: str | None, limit: int, tenant: str | None, as_json: bool) -> None:
    """Show who changed what, of the template NAME or of everything, the newest first."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> list[AuditEntry]:
        subject = None if name is None else f"template/{name}"
        return await audit.entries(templates.parts.database, actor.tenant, subject=subject, limit=limit)

    found = with_templates(handed, tenant, work)
    if as_json:
        answer(
            {"data": [{"at": e.at, "actor": e.actor, "action": e.action, "subject": e.subject, "data": e.data} for e in found]}
        )
    else:
        table(_TRAIL, ((moment(e.at), e.actor, e.action, e.subject, _data(e.data)) for e in found))


@click.command("rerender")
@click.argument("message")
@click.option("--test", is_flag=True, help="A message of the sandbox.")
@TENANT
@as_json
@click.pass_obj
def rerender_(handed: CliContext, *, message: str, test: bool, tenant: str | None, as_json: bool) -> None:
    """Render the mail of MESSAGE (msg_…) again from its version and variables; exits 1 unless it says the same."""
    identifier = ids.parse("msg", message)
    if identifier is None:
        raise click.BadParameter("an id looks like msg_01j…", param_hint="MESSAGE")
    environment = int(Environment.TEST if test else Environment.LIVE)

    async def work(templates: Templates, actor: TemplateActor, session: CliSession) -> RerenderResult | Rejection:
        return await rerender(templates, session.store.sealer, actor.tenant, environment, identifier)

    again = with_templates(handed, tenant, work)
    if isinstance(again, Rejection):
        _refused(again, as_json=as_json)
    about = (
        ("template", again.version.name),
        ("version", str(again.version.version)),
        ("digest", again.digest),
        ("accepted", again.kept),
    )
    if as_json:
        answer(
            {
                "same": again.is_same,
                "template": again.version.name,
                "version": again.version.version,
                "digest": again.digest,
                "acceptedDigest": again.kept,
            }
        )
    else:
        facts((("rendering", "the same" if again.is_same else "differs from what was accepted"), *about))
    sys.exit(0 if again.is_same else 1)


COMMANDS: Final = (
    list_,
    render,
    _mover(TemplateAction.SUBMIT, "Put VERSION of NAME up for review."),
    _mover(TemplateAction.APPROVE, "Say that VERSION of NAME may go live."),
    _mover(TemplateAction.REJECT, "Send VERSION of NAME back to its author."),
    _mover(TemplateAction.ACTIVATE, "Switch NAME to VERSION; to an older one, take a switch back."),
    _mover(TemplateAction.RETIRE, "Take NAME out of use, while VERSION is its active one."),
    approval,
    trail,
    rerender_,
)


def _refused(why: Rejection, *, as_json: bool) -> NoReturn:
    if as_json:
        answer({"error": why})
    remark(plain(f"posthouse: {why.detail}"))
    for error in why.errors:
        remark(plain(f"  {error.path}: {error.message}"))
    sys.exit(1)


def _shown(text: str) -> str:
    """Lines that cannot drive a terminal."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _data(data: dict[str, Any] | None) -> str:
    return " ".join(f"{name}={value}" for name, value in (data or {}).items() if name != "digest")
