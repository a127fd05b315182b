"""``posthouse alerts``: what operations should know of, in words, with what to do."""

from collections.abc import Sequence
from datetime import datetime

import click

from posthouse.admin.alerts import list_alerts
from posthouse.admin.views.alerts import alert_page
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option, test_option
from posthouse.doors.cli.shared.output import answer, moment, plain, remark
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model.alert import AlertFilter
from posthouse.model.timeline import read_cursor
from posthouse.model.views.alerts import AlertView
from posthouse.policy.alerts import ALERT_TYPES


@click.group(invoke_without_command=True)
@click.pass_context
def alerts(click_context: click.Context) -> None:
    """What operations should know of, and do. Alone: the list."""
    if click_context.invoked_subcommand is None:
        click_context.invoke(list_)


@alerts.command("list")
@click.option("--type", type=click.Choice(ALERT_TYPES), help="Only of this type.")
@click.option("--since", type=MomentType(), help="Only raised then or later.")
@click.option("--until", type=MomentType(), help="Only raised then or before.")
@click.option("--cursor", help="Where the page before ended.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@test_option("alerts")
@tenant_option("alerts")
@as_json
@click.pass_obj
def list_(
    context: CliContext,
    *,
    type: str | None,
    since: datetime | None,
    until: datetime | None,
    cursor: str | None,
    limit: int,
    test: bool,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Show alerts, the newest first, each with what to do."""
    before = None if cursor is None else read_cursor(cursor)
    if cursor is not None and before is None:
        raise click.BadParameter("it is none that this command printed", param_hint="--cursor")
    alert_filter = AlertFilter(type=type, since=since, until=until, before=before, limit=limit + 1)

    stored = with_admin(context, tenant, lambda admin, actor: list_alerts(admin, actor, alert_filter), test=test)
    page = alert_page(stored, limit)
    if as_json:
        answer(page)
        return
    _print(page.data)
    if page.next_cursor:
        remark(f"There are more: --cursor {page.next_cursor}")


def _print(views: Sequence[AlertView]) -> None:
    if not views:
        remark("No alerts.")
    for view in views:
        click.echo(plain(f"{moment(view.at)}  {view.severity.upper()}  {view.title}"))
        click.echo(plain(f"  {view.summary}"))
        if view.message_id:
            click.echo(f"  posthouse messages show {view.message_id}")
        for step in view.advice:
            click.echo(plain(f"  - {step.text}"))
            if step.command:
                click.echo(plain(f"      {step.command}"))
        click.echo()
