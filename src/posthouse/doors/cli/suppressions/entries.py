"""``posthouse suppression`` for single entries: shown, added, removed, and what the list goes by."""

import sys
from datetime import datetime
from typing import Final

import click

from posthouse.admin import suppressions
from posthouse.admin.context import AdminContext
from posthouse.admin.streams import refuse_unknown
from posthouse.admin.suppression_csv import MANUAL_CAUSES, SuppressionToAdd
from posthouse.admin.suppressions import SHOWN_CAUSES, RemovalResult, SuppressionQuery
from posthouse.admin.views.suppressions import (
    suppression_details,
    suppression_view,
    suppressions_added,
    suppressions_removed,
)
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, parse_address, reason_option, tenant_option, test_option
from posthouse.doors.cli.shared.output import answer, facts, moment, refuse, remark, table
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.send_request import Rejection
from posthouse.model.suppression import Cause, Suppression
from posthouse.model.views.suppressions import SuppressionView
from posthouse.store.recipients.suppression_lookup import PREFIX

HEADINGS: Final = ("ID", "ADDRESS", "CAUSE", "STREAM", "REASON", "SOURCE", "SINCE", "UNTIL", "LIFTED BY")
_CAUSES: Final = click.Choice(sorted(cause.value for cause in MANUAL_CAUSES))


@click.command("list")
@click.option("--address", metavar="ADDRESS", help="Only suppressions of this address.")
@click.option("--cause", type=click.Choice(sorted(cause.value for cause in SHOWN_CAUSES)), help="Only of this cause.")
@click.option("--stream", help="Only those of this stream.")
@click.option("--provider", help="Only those that this mailbox provider reported, such as google.com.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, the newest first.")
@tenant_option("list")
@test_option("list")
@as_json
@click.pass_obj
def list_(
    context: CliContext,
    *,
    address: str | None,
    cause: str | None,
    stream: str | None,
    provider: str | None,
    limit: int,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Show suppressions, the newest first."""
    query = SuppressionQuery(
        address=None if address is None else parse_address(address).address,
        cause=cause,
        stream=stream,
        provider=provider,
        limit=limit + 1,
    )

    async def work(admin: AdminContext, actor: Actor) -> list[Suppression] | Rejection:
        unknown = await refuse_unknown(admin.database(actor), actor.tenant, {"stream": stream})
        return unknown or await suppressions.list_entries(admin, actor, query)

    entries = with_admin(context, tenant, work, test=test)
    if isinstance(entries, Rejection):
        refuse(entries, as_json=as_json)
    page = suppression_details(entries, limit)
    if as_json:
        answer(page)
    else:
        table(HEADINGS, map(_cells, page.data))


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS…")
@click.option("--cause", type=_CAUSES, default=Cause.MANUAL.value, show_default=True)
@click.option("--stream", help="Only on this stream; left out: on all.")
@click.option("--security", is_flag=True, help="Security mail too.")
@click.option("--until", type=MomentType(), help="Until then; left out: for good.")
@reason_option
@tenant_option("list")
@test_option("list")
@as_json
@click.pass_obj
def add(
    context: CliContext,
    *,
    addresses: tuple[str, ...],
    cause: str,
    stream: str | None,
    security: bool,
    until: datetime | None,
    reason: str,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Add addresses; adding one again changes nothing."""
    mailboxes = [parse_address(text) for text in addresses]
    additions = [
        SuppressionToAdd(
            address=mailbox.address, cause=Cause(cause), stream=stream, reason=reason, security=security, until=until
        )
        for mailbox in mailboxes
    ]

    async def work(admin: AdminContext, actor: Actor) -> list[Suppression] | Rejection:
        unknown = await refuse_unknown(admin.database(actor), actor.tenant, {"stream": stream})
        return unknown or await suppressions.add(admin, actor, additions)

    added = with_admin(context, tenant, work, test=test)
    if isinstance(added, Rejection):
        refuse(added, as_json=as_json)
    if as_json:
        answer(suppressions_added(added))
    else:
        table(HEADINGS, (_cells(suppression_view(entry)) for entry in added))


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="ADDRESS|ID…")
@click.option("--cause", type=_CAUSES, help="Only those of this cause.")
@click.option("--stream", help="Only those of this stream.")
@reason_option
@tenant_option("list")
@test_option("list")
@as_json
@click.pass_obj
def remove(
    context: CliContext,
    *,
    names: tuple[str, ...],
    cause: str | None,
    stream: str | None,
    reason: str,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Remove suppressions, by address or by id (sup_…), legal blocks too. Exits 1 where there was none."""
    parsed = {name: ids.parse(PREFIX, name) for name in names}
    addresses = [parse_address(name).address for name, entry in parsed.items() if entry is None]
    entries = [entry for entry in parsed.values() if entry is not None]

    async def work(admin: AdminContext, actor: Actor) -> list[RemovalResult] | Rejection:
        if (unknown := await refuse_unknown(admin.database(actor), actor.tenant, {"stream": stream})) is not None:
            return unknown
        by_address = await suppressions.remove_addresses(admin, actor, addresses, reason, cause=cause, stream=stream)
        return [by_address, await suppressions.remove(admin, actor, entries, reason)]

    removed = with_admin(context, tenant, work, test=test)
    if isinstance(removed, Rejection):
        refuse(removed, as_json=as_json)
    view = suppressions_removed(removed)
    if as_json:
        answer(view)
    else:
        remark(f"{len(view.removed)} removed." if view.removed else "There is no such suppression.")
    sys.exit(0 if view.removed else 1)


@click.command()
@click.option("--soft-limit", type=click.IntRange(3, 5), help="Soft bounces in a row, over 72 hours, that make an address hard.")
@click.option("--legal-passes-security/--legal-blocks-security", default=None, help="Whether security mail passes a legal block.")
@tenant_option("list")
@test_option("list")
@as_json
@click.pass_obj
def rules(
    context: CliContext,
    *,
    soft_limit: int | None,
    legal_passes_security: bool | None,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Show or set what a tenant's list goes by."""
    rule = with_admin(
        context,
        tenant,
        lambda admin, actor: suppressions.change_rule(
            admin, actor, soft_limit=soft_limit, legal_passes_security=legal_passes_security
        ),
        test=test,
    )
    if as_json:
        answer(rule)
    else:
        legal = "passes security" if rule.legal_passes_security else "binds all"
        facts((("soft limit", str(rule.soft_limit)), ("legal block", legal)))


def _cells(view: SuppressionView) -> tuple[str, ...]:
    return (
        view.id,
        view.address or "(erased)",
        view.cause,
        view.stream or "",
        view.reason,
        view.source,
        moment(view.since),
        moment(view.provisional_until or view.until),
        view.liftable_by,
    )
