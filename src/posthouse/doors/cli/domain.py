"""``posthouse domain``: the domains mail is sent from, their keys, and what is published about them."""

import sys
from collections.abc import Sequence
from typing import Final, Literal
from urllib.parse import urlsplit

import click

from posthouse.admin import domains
from posthouse.admin.context import AdminContext
from posthouse.admin.views.domains import domain_check, domain_detail, domain_page
from posthouse.config import Settings, load
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, facts, moment, plain, remark, table
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.actor import Actor
from posthouse.model.dns_answer import PublishedRecords
from posthouse.model.domain import DnsRecord, Domain
from posthouse.model.views.domains import CheckedRecord, DomainCheck, DomainDetail

HEADINGS: Final = ("NAME", "STATUS", "TRUSTED", "VERIFIED", "CREATED")
_MARKS: Final = {"spf": "v=spf1", "dmarc": "v=dmarc1"}  # how the TXT record of a purpose begins
RecordStatus = Literal["found", "missing", "different", "unknown"]


def wire_name(text: str) -> str:
    """The A-label form, lower case. Errors: click.BadParameter for what is no domain."""
    mailbox = parse_mailbox(f"postmaster@{text.strip().removesuffix('.')}")
    if isinstance(mailbox, AddressFault) or mailbox.domain.startswith("["):
        raise click.BadParameter(f"{text!r} is no domain name", param_hint="NAME")
    return mailbox.domain.lower()


_NAME = click.argument("name", callback=lambda _context, _parameter, text: wire_name(text))


@click.group()
def domain() -> None:
    """Domains that mail is sent from."""


@domain.command()
@_NAME
@click.option("--trust", is_flag=True, help="You vouch for it: mail may be sent at once, whatever DNS says.")
@tenant_option("domain")
@as_json
@click.pass_obj
def add(context: CliContext, *, name: str, trust: bool, tenant: str | None, as_json: bool) -> None:
    """Add the domain NAME, create its keys, and show what to publish in DNS.

    A domain that is there already keeps its keys; --trust then only trusts it.
    """
    settings = load(context.environ)

    async def work(admin: AdminContext, actor: Actor) -> DomainDetail:
        added = await domains.add(admin, actor, name, trust=trust)
        return domain_detail(added, await _records(settings, admin, actor, added))

    detail = with_admin(context, tenant, work)
    if as_json:
        answer(detail)
        return
    facts((("domain", detail.name), ("status", detail.status)))
    click.echo("\nPublish in DNS:")
    for record in detail.records:
        click.echo(f"\n{record.type} {record.name}  ({record.purpose})\n  {record.value}")


@domain.command("list")
@tenant_option("domains")
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show all domains, the newest first."""
    stored = with_admin(context, tenant, domains.list_domains)
    if as_json:
        answer(domain_page(stored))
    else:
        table(HEADINGS, map(_cells, stored))


@domain.command()
@_NAME
@tenant_option("domain")
@as_json
@click.pass_obj
def check(context: CliContext, *, name: str, tenant: str | None, as_json: bool) -> None:
    """Compare what is published for NAME with what should be; changes nothing.

    Exits 1 unless every DKIM record is found as it should be.
    """
    settings = load(context.environ)

    async def work(admin: AdminContext, actor: Actor) -> DomainCheck | None:
        stored = await domains.get_domain(admin, actor, name)
        if stored is None:
            return None
        expected = await _records(settings, admin, actor, stored)
        nameserver = (settings.dns.host, settings.dns.port) if settings.dns else None
        published = await context.look_up_records([(record.name, record.type) for record in expected], nameserver)
        return domain_check(stored, tuple(map(compare, expected, published)))

    checked = with_admin(context, tenant, work)
    if checked is None:
        remark(f"posthouse: there is no domain {name}; `posthouse domain add {name}` adds it.")
        sys.exit(1)
    if as_json:
        answer(checked)
    else:
        _print_check(checked)
    sys.exit(0 if all(record.status == "found" for record in checked.records if record.purpose == "dkim") else 1)


async def _records(settings: Settings, admin: AdminContext, actor: Actor, domain: Domain) -> Sequence[DnsRecord]:
    public_host = urlsplit(settings.public_url or "").hostname or settings.hostname
    return await domains.records_of(admin, actor, domain, settings.hostname, public_host)


def compare(expected: DnsRecord, published: PublishedRecords) -> CheckedRecord:
    """What DNS has against what should be there; a published DMARC or SPF policy of one's own is as good."""
    values = tuple(value for value in published.values if _is_about(expected.purpose, value))
    status: RecordStatus = "missing"
    if published.error:
        status, values = "unknown", (published.error,)
    elif any(_normal(value) == _normal(expected.value) for value in values):
        status = "found"
    elif values:
        status = "found" if expected.purpose == "dmarc" else "different"
    return CheckedRecord(
        purpose=expected.purpose,
        type=expected.type,
        name=expected.name,
        value=expected.value,
        status=status,
        found=values,
    )


def _is_about(purpose: str, value: str) -> bool:
    """Other TXT records may stand beside an SPF or DMARC record."""
    return value.lower().startswith(_MARKS.get(purpose, ""))


def _normal(value: str) -> str:
    return "".join(value.split()).rstrip(".;")


def _print_check(checked: DomainCheck) -> None:
    facts((("domain", checked.name), ("status", checked.status)))
    click.echo()
    table(("PURPOSE", "TYPE", "NAME", "IN DNS"), ((r.purpose, r.type, r.name, r.status) for r in checked.records))
    for record in checked.records:
        if record.status != "found":
            click.echo(f"\n{record.type} {record.name} should be\n  {record.value}")
            for value in record.found:
                click.echo(f"but DNS says\n  {plain(value)}")


def _cells(domain: Domain) -> tuple[str, ...]:
    return (
        domain.name,
        domain.status,
        moment(domain.trusted_at),
        moment(domain.verified_at),
        moment(domain.created_at),
    )
