"""``posthouse messages``: what was sent, and all that happened to one message."""

import sys
from typing import Any

import click

from posthouse.admin.streams import refuse_unknown
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option, test_option
from posthouse.doors.cli.shared.output import answer, refuse, remark
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.timeline import print_list, print_timeline
from posthouse.doors.cli.shared.with_admin import environment_of
from posthouse.model import ids
from posthouse.model.delivery import DeliveryState
from posthouse.model.send_request import Environment, Rejection
from posthouse.model.stored_message import MessageFilter
from posthouse.model.timeline import MessagePage, MessageView, read_cursor
from posthouse.store.messages import timeline


@click.group()
def messages() -> None:
    """What was sent, and what happened to it."""


@messages.command("list")
@click.option("--type", help="Only of this message type.")
@click.option("--stream", help="Only of this stream.")
@click.option("--status", type=click.Choice([state.value for state in DeliveryState]), help="Only with this status.")
@click.option("--recipient", metavar="ADDRESS", help="Only to this address.")
@click.option("--tag", help="Only with this tag.")
@click.option("--dedupe-key", metavar="KEY", help="Only with this key.")
@click.option("--template", help="Only of this template.")
@click.option("--since", type=MomentType(), help="Only accepted then or later.")
@click.option("--until", type=MomentType(), help="Only accepted then or before.")
@click.option("--cursor", help="Where the page before ended.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many.")
@test_option("messages")
@tenant_option("messages")
@as_json
@click.pass_obj
def list_(context: CliContext, /, *, cursor: str | None, test: bool, tenant: str | None, as_json: bool, **filters: Any) -> None:
    """Show messages, the newest first."""
    before = None if cursor is None else read_cursor(cursor)
    if cursor is not None and before is None:
        raise click.BadParameter("it is none that this command printed", param_hint="--cursor")

    async def work(session: CliSession) -> MessagePage | Rejection:
        store, owner = session.store, await session.tenant(tenant)
        if (unknown := await refuse_unknown(store.database, owner.id, {"stream": filters["stream"]})) is not None:
            return unknown
        return await timeline.list_messages(
            store.database, store.sealer, owner.id, environment_of(test=test), MessageFilter(before=before, **filters)
        )

    page = with_store(context, work)
    if isinstance(page, Rejection):
        refuse(page, as_json=as_json)
    if as_json:
        answer(page)
        return
    print_list(page.data)
    if page.next_cursor:
        remark(f"There are more: --cursor {page.next_cursor}")


@messages.command()
@click.argument("id")
@tenant_option("messages")
@as_json
@click.pass_obj
def show(context: CliContext, *, id: str, tenant: str | None, as_json: bool) -> None:
    """Show the message ID (msg_…): its deliveries, every attempt and reply, and the events. Live or sandbox."""
    identifier = ids.parse("msg", id)
    if identifier is None:
        raise click.BadParameter("an id looks like msg_01j…; `posthouse messages list` shows them", param_hint="ID")

    async def work(session: CliSession) -> MessageView | None:
        store, owner = session.store, await session.tenant(tenant)
        for environment in (Environment.LIVE, Environment.TEST):
            view = await timeline.get_message(store.database, store.sealer, owner.id, environment, identifier)
            if view is not None:
                return view
        return None

    view = with_store(context, work)
    if view is None:
        remark(f"posthouse: there is no message {id}.")
        sys.exit(1)
    if as_json:
        answer(view)
    else:
        print_timeline(view)
