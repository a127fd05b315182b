"""``posthouse type``: message types of a tenant's own, added, listed and removed."""

from typing import Final

import click
import msgspec

from posthouse.admin.message_types import add_type, list_types, remove_type
from posthouse.admin.views.settings import own_type_view, type_views
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, refuse, remark, table
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model.send_request import Rejection
from posthouse.model.views.settings import TypePage, TypeView

HEADINGS: Final = ("NAME", "PARENT", "CLASS", "LANE", "DESCRIPTION")


class RemovedType(msgspec.Struct, frozen=True):
    """A type that was removed."""

    name: str
    removed: bool = True


@click.group("type")
def type_() -> None:
    """Message types: the built-in ones, and your own."""


@type_.command()
@click.argument("name")
@click.option("--parent", required=True, metavar="T", help="The built-in type that it behaves as, such as shipping_update.")
@click.option("--description", default="", help="What it is for, in your words.")
@tenant_option("types")
@as_json
@click.pass_obj
def add(context: CliContext, *, name: str, parent: str, description: str, tenant: str | None, as_json: bool) -> None:
    """Create the type NAME: it behaves as its parent in everything, and is shown by its own name."""
    added = with_admin(context, tenant, lambda admin, actor: add_type(admin, actor, name, parent, description))
    if isinstance(added, Rejection):
        refuse(added, as_json=as_json)
    if as_json:
        answer(own_type_view(added))
    else:
        remark(f"Created {added.name}, which behaves as {added.parent}.")


@type_.command("list")
@tenant_option("types")
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show your own types, the newest first, then the built-in ones."""
    page = TypePage(type_views(with_admin(context, tenant, list_types)), None)
    if as_json:
        answer(page)
    else:
        table(HEADINGS, map(_cells, page.data))


@type_.command()
@click.argument("name")
@tenant_option("types")
@as_json
@click.pass_obj
def remove(context: CliContext, *, name: str, tenant: str | None, as_json: bool) -> None:
    """Remove the type NAME; messages that were sent as it stay. Exits 1 while an active template or a key names it."""
    rejection = with_admin(context, tenant, lambda admin, actor: remove_type(admin, actor, name))
    if rejection is not None:
        refuse(rejection, as_json=as_json)
    if as_json:
        answer(RemovedType(name))
    else:
        remark(f"Removed {name}.")


def _cells(view: TypeView) -> tuple[str, ...]:
    return view.name, view.parent or "", view.message_class, view.lane, view.description
