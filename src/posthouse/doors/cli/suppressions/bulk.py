"""``posthouse suppression`` for much at once: a window undone, a file imported or exported, an address erased."""

import csv
import io
import sys
from datetime import datetime
from typing import IO

import click

from posthouse.admin import erasure, suppressions
from posthouse.admin.context import AdminContext
from posthouse.admin.erasure import AddressInUse
from posthouse.admin.suppression_csv import MANUAL_CAUSES, SuppressionToAdd
from posthouse.admin.suppressions import ImportFile, ImportResult, UndoWindow
from posthouse.admin.views.suppressions import undone
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, parse_address, tenant_option, test_option
from posthouse.doors.cli.shared.output import answer, facts, remark
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model.actor import Actor
from posthouse.model.mailbox import Mailbox
from posthouse.model.suppression import Cause

_CAUSES = click.Choice(sorted(cause.value for cause in MANUAL_CAUSES))


@click.command()
@click.option("--provider", help="Whose replies were wrong: the registrable domain of its MX hosts, such as google.com.")
@click.option(
    "--site", help="Instead: the domain of the addresses themselves; for mail over a relay, where the provider is not known."
)
@click.option("--from", "begin", required=True, type=MomentType(), help="When it began.")
@click.option("--to", "end", required=True, type=MomentType(), help="When it was over.")
@click.option("--reason", default="the provider was wrong", show_default=True, help="Stored in the audit trail.")
@tenant_option("list")
@test_option("list")
@as_json
@click.pass_obj
def undo(
    context: CliContext,
    *,
    provider: str | None,
    site: str | None,
    begin: datetime,
    end: datetime,
    reason: str,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Undo a window: every hard bounce of a provider between two moments, firm or provisional, is removed from the list.

    Mail that waits because of one is sent at once. Mail that had already bounced is not sent again by itself.
    """
    if (provider is None) == (site is None):
        raise click.UsageError("Name one of --provider and --site.")
    name = provider.lower() if provider is not None else parse_address(f"postmaster@{site}").domain
    window = UndoWindow(name=name, begin=begin, end=end, is_site=provider is None)
    result = with_admin(context, tenant, lambda admin, actor: suppressions.undo(admin, actor, window, reason), test=test)
    view = undone(result)
    if as_json:
        answer(view)
    else:
        remark(f"{view.removed} suppressions removed; {view.waiting} deliveries that waited are sent now.")


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--cause", type=_CAUSES, default=Cause.IMPORTED.value, show_default=True, help="Where a row names none.")
@click.option("--stream", help="Where a row names none; left out: all.")
@click.option("--reason", default="", help="Where a row names none.")
@tenant_option("list")
@test_option("list")
@as_json
@click.pass_obj
def import_(
    context: CliContext,
    *,
    file: IO[bytes],
    cause: str,
    stream: str | None,
    reason: str,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Add the addresses of a CSV FILE (- for standard input), with a header line or one address a line.

    Exits 1 where a row is rejected; the others are added.
    """
    csv_file = ImportFile(
        lines=io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline=""),
        name=str(getattr(file, "name", "-")).rpartition("/")[2],
        defaults=SuppressionToAdd(address="", cause=Cause(cause), stream=stream, reason=reason),
    )

    async def work(admin: AdminContext, actor: Actor) -> ImportResult:
        return await suppressions.import_csv(admin, actor, csv_file, _print_import_progress)

    result = with_admin(context, tenant, work, test=test)
    for row in result.rejected_rows:
        remark(f"line {row.line}: {row.message}")
    if as_json:
        answer(result)
    else:
        facts(
            (
                ("read", str(result.read)),
                ("added", str(result.added)),
                ("there before", str(result.known)),
                ("rejected", str(result.rejected)),
            )
        )
    sys.exit(1 if result.rejected else 0)


@click.command()
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="Left out: standard output.")
@tenant_option("list")
@test_option("list")
@click.pass_obj
def export(context: CliContext, *, output: IO[str], tenant: str | None, test: bool) -> None:
    """Write the whole list as CSV, the oldest suppression first; `import` reads it."""
    write_row = csv.writer(output, lineterminator="\n").writerow

    async def work(admin: AdminContext, actor: Actor) -> int:
        return await suppressions.export_csv(admin, actor, write_row, lambda count: remark(f"{count:,} written …"))

    count = with_admin(context, tenant, work, test=test)
    remark(f"{count:,} suppressions.")


@click.command()
@click.argument("address", callback=lambda _context, _parameter, text: parse_address(text))
@click.option(
    "--reason", default="erasure was asked for", show_default=True, help="Stored in the audit trail, without the address."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@tenant_option("records")
@as_json
@click.pass_obj
def erase(context: CliContext, *, address: Mailbox, reason: str, yes: bool, tenant: str | None, as_json: bool) -> None:
    """Erase ADDRESS from everything that is stored, live and test, and never write to it again. It cannot be undone."""
    if not yes:
        click.confirm(
            "Everything that was sent to this address is forgotten, and it is never written to again. Go on?",
            abort=True,
            err=True,
        )
    result = with_admin(context, tenant, lambda admin, actor: erasure.erase(admin, actor, address, reason))
    if isinstance(result, AddressInUse):
        remark(f"This address is in use, so nothing was erased. Change it first in: {', '.join(result.places)}.")
        sys.exit(1)
    if as_json:
        answer(result)
        return
    facts(
        (
            ("messages", str(result.messages)),
            ("not sent", str(result.stopped)),
            ("texts", str(result.texts)),
            ("suppression", result.entries[-1]),
        )
    )
    if result.pending:
        remark(f"The content of {result.pending} messages is still needed for others; run this again when they are sent.")


def _print_import_progress(read: int, added: int) -> None:
    remark(f"{read:,} rows read, {added:,} added …")
