"""``posthouse stream``: a tenant's streams, made and listed."""

from typing import Final

import click

from posthouse.admin.context import AdminContext
from posthouse.admin.streams import create_stream
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, refuse, remark, table
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model.actor import Actor
from posthouse.model.send_request import Rejection
from posthouse.model.stream import NAME, Stream
from posthouse.model.views.settings import StreamPage
from posthouse.store.tenants import streams

HEADINGS: Final = ("NAME", "FROM", "REPLY TO", "CONTENT POLICY", "UNSUBSCRIBE")


def _check_name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not NAME.fullmatch(text):
        raise click.BadParameter("must be 1 to 64 of a-z, 0-9, '.', '_' and '-', and begin with none of these three")
    return text


@click.group()
def stream() -> None:
    """Streams: what mail of one kind goes out on. Mail on a stream that does not exist is refused."""


@stream.command()
@click.argument("name", callback=_check_name)
@click.option("--from", "sender", metavar="ADDRESS", help="From of messages that name none.")
@click.option("--reply-to", metavar="ADDRESS", help="Where replies go when a message names no address.")
@tenant_option("streams")
@as_json
@click.pass_obj
def add(context: CliContext, *, name: str, sender: str | None, reply_to: str | None, tenant: str | None, as_json: bool) -> None:
    """Create the stream NAME. Exits 1 where there is one of that name, or the tenant has as many as it may."""
    settings = {key: value for key, value in (("sender", sender), ("reply_to", reply_to)) if value is not None}
    added = with_admin(context, tenant, lambda admin, actor: create_stream(admin, actor, name, settings))
    if isinstance(added, Rejection):
        refuse(added, as_json=as_json)
    if as_json:
        answer(added)
    else:
        remark(f"Created the stream {added.name}; messages may name it at once.")


@stream.command("list")
@tenant_option("streams")
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show all streams, by name."""

    async def work(admin: AdminContext, actor: Actor) -> list[Stream]:
        return await streams.list_streams(admin.database(actor), actor.tenant)

    stored = with_admin(context, tenant, work)
    if as_json:
        answer(StreamPage(stored, None))
    else:
        table(HEADINGS, map(_cells, stored))


def _cells(stream: Stream) -> tuple[str, ...]:
    return stream.name, stream.sender, stream.reply_to, stream.content_policy, "yes" if stream.unsubscribe else "no"
