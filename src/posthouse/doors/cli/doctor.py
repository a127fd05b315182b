"""``posthouse doctor``: what would stop mail from leaving, and what to do about it, a line a check."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from typing import Final

import click
import msgspec

from posthouse.config import RouteSetting, Settings, load, unknown
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json
from posthouse.doors.cli.shared.output import answer, plain
from posthouse.doors.cli.shared.session import reach_server, store_options
from posthouse.model.domain import Domain
from posthouse.model.route import RouteKind
from posthouse.ops.doctor_network import CheckLevel, CheckResult, check_disk
from posthouse.ops.doctor_store import check_store
from posthouse.store.postgres.database import Database
from posthouse.store.postgres.migrate import current
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.tenants import domains, tenants

SUPPORTED_KINDS: Final = frozenset({"mx", "smtp", "smtps", "inbox"})


class DoctorReport(msgspec.Struct, frozen=True):
    """All findings; ``ok``: none of them is a failure."""

    ok: bool
    findings: Sequence[CheckResult]


@click.command()
@click.option("--ca", is_flag=True, help="Print the self-signed authority (PEM) and do nothing else.")
@as_json
@click.pass_obj
def doctor(context: CliContext, *, ca: bool, as_json: bool) -> None:
    """Find what would stop mail from leaving, and say what to do.

    Exits 1 when a check fails. --ca prints the authority behind the self-signed certificate, for clients that
    check the server's name.
    """
    settings = load(context.environ)
    if ca:
        click.echo(context.authority(settings.data_dir, settings.hostname, context.clock.now()), nl=False)
        return
    findings = asyncio.run(_examine(context, settings))
    report = DoctorReport(not any(finding.level is CheckLevel.FAIL for finding in findings), findings)
    if as_json:
        answer(report)
    else:
        _print(report)
    sys.exit(0 if report.ok else 1)


async def _examine(context: CliContext, settings: Settings) -> list[CheckResult]:
    """The settings, then the store, then the network, which is probed with a domain of ours."""
    findings = [CheckResult("settings", CheckLevel.WARN, sentence, "correct the name") for sentence in unknown(context.environ)]
    findings += [*_routes(settings.routes), check_disk(settings.data_dir)]
    known: list[Domain] = []
    options = store_options(context, settings)
    try:
        async with reach_server(options) as server:
            findings += await check_store(server.database, options, context.clock.now)
            if await current(server.database):
                known = await _domains(server.database)
                findings.append(_domain_result(known, settings.routes))
    except StoreRefusal as refusal:
        findings.append(CheckResult("database", CheckLevel.FAIL, str(refusal), "nothing can be accepted without it"))
    return findings + list(await context.check_network(context.probe_targets(settings, known[0].name if known else None)))


def _routes(routes: Sequence[RouteSetting]) -> Iterator[CheckResult]:
    for route in routes:
        if route.kind not in SUPPORTED_KINDS:
            yield CheckResult(
                f"route {route.name}",
                CheckLevel.FAIL,
                "this version cannot send through it",
                "use mx:, smtp://, smtps:// or inbox:",
            )
    if all(route.kind == RouteKind.INBOX for route in routes):
        advice = "set POSTHOUSE_ROUTES to mx: or smtp://… for mail to people"
        yield CheckResult("routes", CheckLevel.WARN, "everything goes to the built-in inbox, nothing leaves this machine", advice)
    else:
        yield CheckResult("routes", CheckLevel.OK, ", then ".join(route.name for route in routes))


async def _domains(database: Database) -> list[Domain]:
    owner = await tenants.first(database)
    return await domains.list_domains(database, owner.id) if owner else []


def _domain_result(known: Sequence[Domain], routes: Sequence[RouteSetting]) -> CheckResult:
    """Whether anything may be sent from anywhere; the built-in inbox asks for no domain."""
    ready = [domain.name for domain in known if domain.status != "pending"]
    if ready:
        return CheckResult(
            "domain", CheckLevel.OK, f"mail may be sent from {', '.join(ready[:5])}{' and others' if len(ready) > 5 else ''}"
        )
    text = "none is trusted or verified" if known else "there is none"
    level = CheckLevel.WARN if all(route.kind == RouteKind.INBOX for route in routes) else CheckLevel.FAIL
    return CheckResult("domain", level, f"{text}, so only the built-in inbox takes mail", "run posthouse domain add NAME --trust")


def _print(report: DoctorReport) -> None:
    width = max(len(finding.check) for finding in report.findings)
    for finding in report.findings:
        advice = f"  -> {finding.advice}" if finding.advice and finding.level is not CheckLevel.OK else ""
        click.echo(plain(f"{finding.level:<4}  {finding.check.ljust(width)}  {finding.text}{advice}"))
