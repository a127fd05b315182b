"""``posthouse type``: message types of a tenant's own, added, listed and removed."""

import sys
from typing import Any, Final, NoReturn

import click

from posthouse.admin.message_types import add_type, remove_type
from posthouse.admin.templates import TemplateActor, Templates
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, plain, remark, table
from posthouse.doors.cli.shared.session import CliSession
from posthouse.doors.cli.shared.with_templates import TENANT, with_templates
from posthouse.model.message_type import MessageType, OwnType
from posthouse.model.send_request import Rejection
from posthouse.policy import types
from posthouse.store.tenants import message_types

HEADINGS: Final = ("NAME", "PARENT", "CLASS", "LANE", "DESCRIPTION")


@click.group("type")
def type_() -> None:
    """Message types: the built-in ones, and your own."""


@type_.command()
@click.argument("name")
@click.option("--parent", required=True, metavar="T", help="The built-in type that it behaves as, such as shipping_update.")
@click.option("--description", default="", help="What it is for, in your words.")
@TENANT
@as_json
@click.pass_obj
def add(handed: CliContext, *, name: str, parent: str, description: str, tenant: str | None, as_json: bool) -> None:
    """Make the type NAME: it behaves as its parent in everything, and is shown by its own name."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> OwnType | Rejection:
        return await add_type(templates.parts, actor, name, parent, description)

    made = with_templates(handed, tenant, work)
    if isinstance(made, Rejection):
        _refused(made, as_json=as_json)
    if as_json:
        answer(_json(types.own(made.name, made.parent), made))
    else:
        remark(f"Made {made.name}, which behaves as {made.parent}.")


@type_.command("list")
@TENANT
@as_json
@click.pass_obj
def list_(handed: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show your own types, the newest first, then the built-in ones."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> list[OwnType]:
        async with templates.parts.database.session() as reading:
            return await message_types.current(reading, actor.tenant)

    found: list[tuple[MessageType, OwnType | None]] = [
        (types.own(each.name, each.parent), each) for each in with_templates(handed, tenant, work)
    ]
    found += [(known, None) for known in types.ALL]
    if as_json:
        answer({"data": [_json(known, own) for known, own in found]})
    else:
        table(HEADINGS, (_cells(known, own) for known, own in found))


@type_.command()
@click.argument("name")
@TENANT
@as_json
@click.pass_obj
def remove(handed: CliContext, *, name: str, tenant: str | None, as_json: bool) -> None:
    """Take the type NAME out of use; what was sent as it stays. Exits 1 while a live template or key names it."""

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> Rejection | None:
        return await remove_type(templates.parts, actor, name)

    refused = with_templates(handed, tenant, work)
    if refused is not None:
        _refused(refused, as_json=as_json)
    if as_json:
        answer({"name": name, "removed": True})
    else:
        remark(f"Removed {name}.")


def _refused(why: Rejection, *, as_json: bool) -> NoReturn:
    if as_json:
        answer({"error": why})
    remark(plain(f"posthouse: {why.detail}"))
    sys.exit(1)


def _json(known: MessageType, own: OwnType | None) -> dict[str, Any]:
    return {
        "name": known.name, "parent": known.parent, "source": "built_in" if own is None else "own", "description": "" if own is None else own.description,
        "class": known.message_class.value, "lane": known.lane.name.lower(), "createdAt": None if own is None else own.created_at,
    }  # fmt: skip


def _cells(known: MessageType, own: OwnType | None) -> tuple[str, ...]:
    return (
        known.name,
        known.parent or "",
        known.message_class.value,
        known.lane.name.lower(),
        "" if own is None else own.description,
    )
