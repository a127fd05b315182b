"""``posthouse suppression``: the list of who is not written to, for the operator: shown, changed, and what it goes by."""

import sys
from datetime import datetime
from typing import Any, Final

import click
import msgspec

from posthouse.admin import suppressions as lists
from posthouse.admin.suppressions import MANUAL_CAUSES, Desk, SuppressionToAdd
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, moment, remark, table
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.with_suppressions import REASON, address_argument, address_of, with_suppressions
from posthouse.doors.cli.suppressions.window import erase, export, import_, undo
from posthouse.model import ids
from posthouse.model.suppression import Cause, Suppression, SuppressionFilter
from posthouse.policy.recipients.suppress import lifted_by
from posthouse.store.recipients import suppressions
from posthouse.store.recipients.suppression_lookup import PREFIX

HEADINGS: Final = ("ID", "ADDRESS", "CAUSE", "STREAM", "REASON", "SOURCE", "SINCE", "UNTIL", "LIFTED BY")
_CAUSES: Final = click.Choice(sorted(cause.value for cause in MANUAL_CAUSES))


@click.group()
def suppression() -> None:
    """Who is not written to, and why."""


@suppression.command("list")
@click.option("--address", metavar="ADDRESS", help="Only entries of this address.")
@click.option(
    "--cause", type=click.Choice(sorted(cause.value for cause in {*MANUAL_CAUSES, Cause.PROVISIONAL})), help="Only of this cause."
)
@click.option("--stream", help="Only made on this stream.")
@click.option("--provider", help="Only heard from this mailbox provider, such as google.com.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, the newest first.")
@address_argument
@as_json
@click.pass_obj
def list_(
    handed: CliContext, *, address: str | None, cause: str | None, stream: str | None, provider: str | None, limit: int,
    tenant: str | None, test: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show entries, the newest first."""
    mailbox = None if address is None else address_of(address)
    held = cause == Cause.PROVISIONAL

    async def work(desk: Desk) -> list[Suppression]:
        wanted = SuppressionFilter(
            lookup=desk.key.of(mailbox.address) if mailbox else None, cause=None if held else cause, stream=stream, provider=provider,
            provisional=held if cause else None, limit=limit,
        )  # fmt: skip
        async with desk.database.session() as reading:
            return await suppressions.list_entries(reading, desk.tenant, desk.environment, wanted)

    found = with_suppressions(handed, tenant, work, test=test)
    if as_json:
        answer({"data": [_json(each) for each in found]})
    else:
        table(HEADINGS, map(_cells, found))


@suppression.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS…")
@click.option("--cause", type=_CAUSES, default=Cause.MANUAL.value, show_default=True)
@click.option("--stream", help="Only on this stream; left out: on all.")
@click.option("--security", is_flag=True, help="Security mail too.")
@click.option("--until", type=MomentType(), help="Until then; left out: for good.")
@REASON
@address_argument
@as_json
@click.pass_obj
def add(
    handed: CliContext, *, addresses: tuple[str, ...], cause: str, stream: str | None, security: bool, until: datetime | None, reason: str,
    tenant: str | None, test: bool, as_json: bool,
) -> None:  # fmt: skip
    """Enter addresses; entering one again changes nothing."""
    mailboxes = [address_of(text) for text in addresses]
    entries = [
        SuppressionToAdd(address=each.address, cause=Cause(cause), stream=stream, reason=reason, security=security, until=until)
        for each in mailboxes
    ]
    made = with_suppressions(handed, tenant, lambda desk: lists.add(desk, entries), test=test)
    if as_json:
        answer({"data": [_json(each) for each in made], "added": sum(each.created for each in made)})
    else:
        table(HEADINGS, map(_cells, made))


@suppression.command()
@click.argument("names", nargs=-1, required=True, metavar="ADDRESS|ID…")
@click.option("--cause", type=_CAUSES, help="Only entries of this cause.")
@click.option("--stream", help="Only entries made on this stream.")
@REASON
@address_argument
@as_json
@click.pass_obj
def remove(
    handed: CliContext, *, names: tuple[str, ...], cause: str | None, stream: str | None, reason: str, tenant: str | None, test: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Take entries off, by address or by id (sup_…), legal blocks too. Exits 1 where there was none."""
    parsed = {name: ids.parse(PREFIX, name) for name in names}
    addresses = [address_of(name).address for name, found in parsed.items() if found is None]
    wanted = [found for found in parsed.values() if found is not None]

    async def work(desk: Desk) -> list[Suppression]:
        by_address = await lists.remove_addresses(desk, addresses, reason, cause=cause, stream=stream)
        return [*by_address.gone, *(await lists.remove(desk, wanted, reason)).gone]

    gone = with_suppressions(handed, tenant, work, test=test)
    if as_json:
        answer({"removed": [_json(each) for each in gone]})
    else:
        remark(f"{len(gone)} taken off." if gone else "There is no such entry.")
    sys.exit(0 if gone else 1)


@suppression.command()
@click.option("--soft-limit", type=click.IntRange(3, 5), help="Soft bounces in a row, over 72 hours, that make an address hard.")
@click.option("--legal-passes-security/--legal-blocks-security", default=None, help="Whether security mail passes a legal block.")
@address_argument
@as_json
@click.pass_obj
def rules(
    handed: CliContext,
    *,
    soft_limit: int | None,
    legal_passes_security: bool | None,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Show or set what a tenant's list goes by."""
    chosen = with_suppressions(
        handed,
        tenant,
        lambda desk: lists.rule(desk, soft_limit=soft_limit, legal_passes_security=legal_passes_security),
        test=test,
    )
    if as_json:
        answer(chosen)
    else:
        facts(
            [
                ("soft limit", str(chosen.soft_limit)),
                ("legal block", "passes security" if chosen.legal_passes_security else "binds all"),
            ]
        )


for command in (undo, import_, export, erase):
    suppression.add_command(command)


def _json(each: Suppression) -> dict[str, Any]:
    shown = msgspec.structs.asdict(each)
    return {
        "id": ids.text(PREFIX, each.id), "cause": _cause(each), "liftableBy": lifted_by(Cause(each.cause)),
        "provisionalUntil": each.held_until,
        **{name: shown[name] for name in (
            "address", "stream", "reason", "source", "provider", "evidence", "actor", "security", "since", "until"
        )},
    }  # fmt: skip


def _cause(each: Suppression) -> str:
    return Cause.PROVISIONAL.value if each.held_until else each.cause


def _cells(each: Suppression) -> tuple[str, ...]:
    return (
        ids.text(PREFIX, each.id), each.address or "(erased)", _cause(each), each.stream or "", each.reason, each.source,
        moment(each.since), moment(each.held_until or each.until), lifted_by(Cause(each.cause)),
    )  # fmt: skip
