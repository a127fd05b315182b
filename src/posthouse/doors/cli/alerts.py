"""``posthouse alerts``: what operations should know of, in words, with what to do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from posthouse.doors.cli.messages import TENANT
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, moment, plain, remark
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model import ids
from posthouse.model.alert import Alert, AlertFilter
from posthouse.model.send_request import Environment
from posthouse.model.timeline import cursor as place
from posthouse.model.timeline import read_cursor
from posthouse.model.webhook_event import PREFIX
from posthouse.policy.alerts import ALERT_TYPES, describe_alert
from posthouse.store.tenants import alerts as stored

TEST = click.option("--test", is_flag=True, help="The sandbox's alerts instead of the live ones.")


@click.group(invoke_without_command=True)
@click.pass_context
def alerts(context: click.Context) -> None:
    """What operations should know of, and do. Alone: the list."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@alerts.command("list")
@click.option("--type", type=click.Choice(ALERT_TYPES), help="Only of this type.")
@click.option("--since", type=MomentType(), help="Only told then or later.")
@click.option("--until", type=MomentType(), help="Only told then or before.")
@click.option("--cursor", help="Where the page before ended.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many.")
@TEST
@TENANT
@as_json
@click.pass_obj
def list_(
    handed: CliContext, *, type: str | None, since: datetime | None, until: datetime | None, cursor: str | None, limit: int,
    test: bool, tenant: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Show alerts, the newest first, each with what to do."""
    before = None if cursor is None else read_cursor(cursor)
    if cursor is not None and before is None:
        raise click.BadParameter("it is none that this command gave out", param_hint="--cursor")
    wanted = AlertFilter(type=type, since=since, until=until, before=before, limit=limit + 1)

    async def work(session: CliSession) -> list[Alert]:
        owner = await session.tenant(tenant)
        async with session.store.database.session() as reading:
            return await stored.list_alerts(reading, owner.id, int(Environment.TEST if test else Environment.LIVE), wanted)

    found = with_store(handed, work)
    following = place(found[limit - 1].id) if len(found) > limit else None
    if as_json:
        answer({"data": [_json(each) for each in found[:limit]], "nextCursor": following})
        return
    _print(found[:limit])
    if following:
        remark(f"There are more: --cursor {following}")


def _print(found: Sequence[Alert]) -> None:
    if not found:
        remark("No alerts.")
    for each in found:
        said = describe_alert(each.type, each.data)
        click.echo(plain(f"{moment(each.at)}  {said.severity.upper()}  {said.title}"))
        click.echo(plain(f"  {said.summary}"))
        if each.message:
            click.echo(f"  posthouse messages show {ids.text('msg', each.message)}")
        for step in said.advice:
            click.echo(plain(f"  - {step.text}"))
            if step.command:
                click.echo(plain(f"      {step.command}"))
        click.echo()


def _json(each: Alert) -> dict[str, Any]:
    said = describe_alert(each.type, each.data)
    return {
        "id": ids.text(PREFIX, each.id), "type": each.type, "at": each.at, "severity": said.severity, "title": said.title,
        "summary": said.summary, "advice": said.advice, "messageId": each.message and ids.text("msg", each.message),
        "data": each.data or {},
    }  # fmt: skip
