"""``posthouse template`` for what is stored: listed, rendered, moved from state to state, the audit trail, a record rendered
again.
"""

import sys
from typing import Any, Final

import click

from posthouse.admin import approval as approvals
from posthouse.admin import audit, template_preview, templates
from posthouse.admin.context import AdminContext
from posthouse.admin.rerender import rerender as render_again
from posthouse.admin.template_preview import PreviewRequest
from posthouse.admin.views.settings import audit_page
from posthouse.admin.views.templates import preview_view, rerender_view, template_page, version_view
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, facts, moment, plain, refuse, remark, table
from posthouse.doors.cli.shared.parameters import VariableArgument
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.audit import AuditEntry
from posthouse.model.send_request import Rejection
from posthouse.model.template_state import PAST, TemplateAction
from posthouse.model.views.settings import ApprovalView

HEADINGS: Final = ("NAME", "TYPE", "ACTIVE", "NEWEST", "CREATED")
TRAIL_HEADINGS: Final = ("AT", "WHO", "WHAT", "OF", "DATA")
_MOST: Final = 1000


@click.command("list")
@tenant_option("templates")
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show the stored templates, the newest first."""
    summaries = with_admin(context, tenant, lambda admin, actor: templates.list_templates(admin, actor, None, _MOST + 1))
    page = template_page(summaries, _MOST)
    if as_json:
        answer(page)
        return
    rows = (
        (each.name, each.type or "", str(each.active_version or ""), str(each.latest_version), moment(each.created_at))
        for each in page.data
    )
    table(HEADINGS, rows)


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
@tenant_option("templates")
@as_json
@click.pass_obj
def render(
    context: CliContext,
    *,
    name: str,
    number: int | None,
    variables: tuple[tuple[str, Any], ...],
    locale: str | None,
    part: str,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Preview the template NAME with examples for its variables; text, HTML or the whole message."""
    request = PreviewRequest(name=name, number=number, variables=dict(variables), locale=locale)
    preview = with_admin(context, tenant, lambda admin, actor: template_preview.preview(admin, actor, request))
    if isinstance(preview, Rejection):
        refuse(preview, as_json=as_json)
    view = preview_view(preview)
    if as_json:
        answer(view)
    elif part == "text":
        click.echo(f"Subject: {plain(view.subject)}\n\n{_plain_lines(view.text)}")
    else:
        click.echo(_plain_lines(view.raw.replace("\r\n", "\n") if part == "raw" else view.html or ""))


@click.command()
@click.option("--require/--no-require", default=None, help="Require another person's approval of every version, or no longer.")
@tenant_option("templates")
@as_json
@click.pass_obj
def approval(context: CliContext, *, require: bool | None, tenant: str | None, as_json: bool) -> None:
    """Say whether versions need another person's approval before they become active; with an option, change it."""

    async def work(admin: AdminContext, actor: Actor) -> bool:
        if require is not None:
            await approvals.require(admin, actor, required=require)
        return await approvals.is_required(admin, actor)

    view = ApprovalView(with_admin(context, tenant, work))
    if as_json:
        answer(view)
    else:
        click.echo(f"approval by another person is {'required' if view.approval_required else 'not required'}")


@click.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, help="How many.")
@tenant_option("templates")
@as_json
@click.pass_obj
def trail(context: CliContext, *, name: str | None, limit: int, tenant: str | None, as_json: bool) -> None:
    """Show who changed what, of the template NAME or of everything, the newest first."""

    async def work(admin: AdminContext, actor: Actor) -> list[AuditEntry]:
        subject = None if name is None else f"template/{name}"
        return await audit.entries(admin, actor, subject=subject, limit=limit + 1)

    page = audit_page(with_admin(context, tenant, work), limit)
    if as_json:
        answer(page)
    else:
        table(TRAIL_HEADINGS, ((moment(e.at), e.actor, e.action, e.subject, _data(e.data)) for e in page.data))


@click.command()
@click.argument("message")
@click.option("--test", is_flag=True, help="A message of the sandbox.")
@tenant_option("templates")
@as_json
@click.pass_obj
def rerender(context: CliContext, *, message: str, test: bool, tenant: str | None, as_json: bool) -> None:
    """Render MESSAGE (msg_…) again from its version and variables; exits 1 unless it says the same."""
    identifier = ids.parse("msg", message)
    if identifier is None:
        raise click.BadParameter("an id looks like msg_01j…", param_hint="MESSAGE")
    result = with_admin(context, tenant, lambda admin, actor: render_again(admin, actor, identifier), test=test)
    if isinstance(result, Rejection):
        refuse(result, as_json=as_json)
    view = rerender_view(result)
    if as_json:
        answer(view)
    else:
        facts(
            (
                ("rendering", "the same" if view.same else "differs from what was accepted"),
                ("template", view.template),
                ("version", str(view.version)),
                ("digest", view.digest),
                ("accepted", view.accepted_digest),
            )
        )
    sys.exit(0 if view.same else 1)


def _move_command(action: TemplateAction, help_text: str) -> click.Command:
    """The command that takes an action on a version."""

    @click.command(action.value, help=help_text)
    @click.argument("name")
    @click.argument("version", type=click.IntRange(1))
    @tenant_option("templates")
    @as_json
    @click.pass_obj
    def move(context: CliContext, *, name: str, version: int, tenant: str | None, as_json: bool) -> None:
        saved = with_admin(context, tenant, lambda admin, actor: templates.move_version(admin, actor, name, version, action))
        if isinstance(saved, Rejection):
            refuse(saved, as_json=as_json)
        if as_json:
            answer(version_view(saved))
        else:
            instead = f" instead of {saved.replaced}" if saved.replaced else ""
            remark(f"Version {version} of {name} is {PAST[action]}{instead}.")

    return move


submit = _move_command(TemplateAction.SUBMIT, "Put VERSION of NAME up for review.")
approve = _move_command(TemplateAction.APPROVE, "Approve VERSION of NAME.")
reject = _move_command(TemplateAction.REJECT, "Send VERSION of NAME back to its author.")
activate = _move_command(TemplateAction.ACTIVATE, "Switch NAME to VERSION; to an older one, roll back.")
retire = _move_command(TemplateAction.RETIRE, "Retire NAME, while VERSION is its active one.")


def _plain_lines(text: str) -> str:
    """Lines that cannot drive a terminal."""
    return "\n".join(plain(line) for line in text.split("\n"))


def _data(data: dict[str, Any] | None) -> str:
    return " ".join(f"{name}={value}" for name, value in (data or {}).items() if name != "digest")
