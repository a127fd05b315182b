"""``posthouse suppression`` for much at once: a window taken back, a file brought or carried away, an address erased."""

import csv
import io
import sys
from datetime import datetime
from typing import IO

import click

from posthouse.admin import erasure as erasing
from posthouse.admin import suppressions
from posthouse.admin.erasure import AddressInUse
from posthouse.admin.suppressions import MANUAL_CAUSES, Desk, SuppressionToAdd
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, remark
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.with_suppressions import address_argument, address_of, with_suppressions
from posthouse.model.mailbox import Mailbox
from posthouse.model.suppression import Cause

_CAUSES = click.Choice(sorted(cause.value for cause in MANUAL_CAUSES))


@click.command()
@click.option("--provider", help="Whose answers were wrong: the registrable domain of its MX hosts, such as google.com.")
@click.option(
    "--site", help="Instead: the domain of the addresses themselves; for mail over a relay, where nobody knows who answered."
)
@click.option("--from", "begin", required=True, type=MomentType(), help="When it began.")
@click.option("--to", "end", required=True, type=MomentType(), help="When it was over.")
@click.option("--reason", default="the provider was wrong", show_default=True, help="Kept on record.")
@address_argument
@as_json
@click.pass_obj
def undo(
    handed: CliContext, *, provider: str | None, site: str | None, begin: datetime, end: datetime, reason: str, tenant: str | None,
    test: bool, as_json: bool,
) -> None:  # fmt: skip
    """Take a window back: every hard bounce heard from a provider between two moments, firm or provisional, leaves the list.

    Mail that waits because of one goes at once. Mail that had already bounced is not sent again by itself.
    """
    if (provider is None) == (site is None):
        raise click.UsageError("Name one of --provider and --site.")
    name = provider.lower() if provider is not None else address_of(f"somebody@{site}").domain
    done = with_suppressions(
        handed, tenant, lambda desk: suppressions.undo(desk, name, begin, end, reason, is_site=provider is None), test=test
    )
    if as_json:
        answer({"removed": len(done.gone), "waiting": done.waiting})
    else:
        remark(f"{len(done.gone)} entries taken back; {done.waiting} deliveries that waited go now.")


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--cause", type=_CAUSES, default=Cause.IMPORTED.value, show_default=True, help="Where a line names none.")
@click.option("--stream", help="Where a line names none; left out: all.")
@click.option("--reason", default="", help="Where a line names none.")
@address_argument
@as_json
@click.pass_obj
def import_(
    handed: CliContext,
    *,
    file: IO[bytes],
    cause: str,
    stream: str | None,
    reason: str,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Enter the addresses of a CSV FILE (- for standard input), with a header line or one address a line.

    Exits 1 where a line is no entry; the others are entered.
    """
    given = SuppressionToAdd(address="", cause=Cause(cause), stream=stream, reason=reason)
    name = str(getattr(file, "name", "-")).rpartition("/")[2]
    lines = io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")

    async def work(desk: Desk) -> suppressions.ImportResult:
        return await suppressions.import_csv(
            desk, lines, given, name, lambda read, added: remark(f"{read:,} lines read, {added:,} entered …")
        )

    done = with_suppressions(handed, tenant, work, test=test)
    for line in done.told:
        remark(f"line {line.line}: {line.message}")
    if as_json:
        answer(done)
    else:
        facts(
            [
                ("read", str(done.read)),
                ("entered", str(done.added)),
                ("there before", str(done.known)),
                ("refused", str(done.rejected)),
            ]
        )
    sys.exit(1 if done.rejected else 0)


@click.command()
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="Left out: standard output.")
@address_argument
@click.pass_obj
def export(handed: CliContext, *, output: IO[str], tenant: str | None, test: bool) -> None:
    """Write the whole list as CSV, the oldest entry first; `import` reads it."""
    write = csv.writer(output, lineterminator="\n").writerow
    count = with_suppressions(
        handed, tenant, lambda desk: suppressions.export_csv(desk, write, lambda done: remark(f"{done:,} written …")), test=test
    )
    remark(f"{count:,} entries.")


@click.command()
@click.argument("address", callback=lambda _context, _parameter, text: address_of(text))
@click.option("--reason", default="erasure was asked for", show_default=True, help="Kept on record, without the address.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--tenant", metavar="REF", help="Whose records; left out: the first tenant's.")
@as_json
@click.pass_obj
def erase(handed: CliContext, *, address: Mailbox, reason: str, yes: bool, tenant: str | None, as_json: bool) -> None:
    """Erase ADDRESS from everything that is kept, live and test, and never write to it again. There is no way back."""
    if not yes:
        click.confirm(
            "Everything that was sent to this address is forgotten, and it is never written to again. Go on?",
            abort=True,
            err=True,
        )
    done = with_suppressions(handed, tenant, lambda desk: erasing.erase(desk, address, reason))
    if isinstance(done, AddressInUse):
        remark(f"This address is in use, so nothing was erased. Change it first in: {', '.join(done.places)}.")
        sys.exit(1)
    if as_json:
        answer(done)
        return
    facts(
        [
            ("messages", str(done.messages)),
            ("not sent", str(done.stopped)),
            ("texts", str(done.texts)),
            ("entry", done.entries[-1]),
        ]
    )
    if done.pending:
        remark(f"The content of {done.pending} messages is still needed for others; run this again when they are out.")
