"""``posthouse domain``: the domains mail is sent from, their keys, and what is published about them."""

import sys
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import click
import msgspec

from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, moment, plain, remark, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.dns_answer import PublishedRecords
from posthouse.model.domain import DnsRecord, Domain
from posthouse.store.tenants import domains, streams

HEADINGS: Final = ("NAME", "STATUS", "TRUSTED", "VERIFIED", "CREATED")
TENANT = click.option("--tenant", metavar="REF", help="Whose domain; left out: the first tenant's.")


class CheckedRecord(msgspec.Struct, frozen=True):
    """A record that should be published, and what DNS says: ``status`` is found, missing, different or unknown."""

    purpose: str
    type: str
    name: str
    value: str
    status: str
    found: tuple[str, ...]


@click.group()
def domain() -> None:
    """Domains that mail is sent from."""


@domain.command()
@click.argument("name", callback=lambda _context, _parameter, text: wire_name(text))
@click.option("--trust", is_flag=True, help="You vouch for it: mail may leave at once, whatever DNS says.")
@TENANT
@as_json
@click.pass_obj
def add(handed: CliContext, *, name: str, trust: bool, tenant: str | None, as_json: bool) -> None:
    """Add the domain NAME, make its keys, and show what to publish in DNS.

    A domain that is there already keeps its keys; --trust then only trusts it.
    """

    async def work(session: CliSession) -> tuple[Domain, tuple[DnsRecord, ...]]:
        store = session.store
        owner = await session.tenant(tenant)
        added = await domains.add(store.database, store.sealer, owner.id, name, trust, handed.now())
        return added, await _records(session, owner.id, added)

    added, records = with_store(handed, work)
    if as_json:
        answer(_json(added) | {"records": records})
        return
    facts((("domain", added.name), ("status", added.status)))
    click.echo("\nPublish in DNS:")
    for record in records:
        click.echo(f"\n{record.type} {record.name}  ({record.purpose})\n  {record.value}")


@domain.command("list")
@TENANT
@as_json
@click.pass_obj
def list_(handed: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show all domains, the newest first."""

    async def work(session: CliSession) -> list[Domain]:
        return await domains.list_domains(session.store.database, (await session.tenant(tenant)).id)

    found = with_store(handed, work)
    if as_json:
        answer({"data": [_json(one) for one in found]})
    else:
        table(HEADINGS, ((d.name, d.status, moment(d.trusted_at), moment(d.verified_at), moment(d.created_at)) for d in found))


@domain.command()
@click.argument("name", callback=lambda _context, _parameter, text: wire_name(text))
@TENANT
@as_json
@click.pass_obj
def check(handed: CliContext, *, name: str, tenant: str | None, as_json: bool) -> None:
    """Compare what is published for NAME with what should be; changes nothing.

    Exits 1 unless every DKIM record is found as it should be.
    """

    async def work(session: CliSession) -> tuple[Domain, tuple[CheckedRecord, ...]] | None:
        owner = await session.tenant(tenant)
        found = await domains.get(session.store.database, owner.id, name)
        if found is None:
            return None
        wanted = await _records(session, owner.id, found)
        dns = session.settings.dns
        heard = await handed.look_up([(record.name, record.type) for record in wanted], (dns.host, dns.port) if dns else None)
        return found, tuple(map(compare, wanted, heard))

    done = with_store(handed, work)
    if done is None:
        remark(f"posthouse: there is no domain {name}; `posthouse domain add {name}` adds it.")
        sys.exit(1)
    _tell(*done, as_json=as_json)
    sys.exit(0 if all(record.status == "found" for record in done[1] if record.purpose == "dkim") else 1)


async def _records(session: CliSession, tenant: int, found: Domain) -> tuple[DnsRecord, ...]:
    """With the hosts that links of the tenant's streams stand on."""
    settings = session.settings
    hosts = {stream.tracking_domain for stream in await streams.list_streams(session.store.database, tenant)} - {""}
    answered = urlsplit(settings.public_url or "").hostname or settings.hostname
    return domains.records(found, settings.hostname, sorted(hosts), answered)


def compare(wanted: DnsRecord, heard: PublishedRecords) -> CheckedRecord:
    """What DNS says against what should be there; a published DMARC or SPF policy of one's own is as good."""
    found = tuple(value for value in heard.values if _is_about(wanted.purpose, value))
    if heard.error:
        status, found = "unknown", (heard.error,)
    elif any(_normal(value) == _normal(wanted.value) for value in found):
        status = "found"
    elif found:
        status = "found" if wanted.purpose == "dmarc" else "different"
    else:
        status = "missing"
    return CheckedRecord(wanted.purpose, wanted.type, wanted.name, wanted.value, status, found)


def wire_name(text: str) -> str:
    """The A-label form, lower case. Errors: click.BadParameter for what is no domain."""
    mailbox = parse_mailbox(f"postmaster@{text.strip().removesuffix('.')}")
    if isinstance(mailbox, AddressFault) or mailbox.domain.startswith("["):
        raise click.BadParameter(f"{text!r} is no domain name", param_hint="NAME")
    return mailbox.domain.lower()


def _is_about(purpose: str, value: str) -> bool:
    """Other TXT records may stand beside an SPF or DMARC record."""
    marks = {"spf": "v=spf1", "dmarc": "v=dmarc1"}
    return value.lower().startswith(marks.get(purpose, ""))


def _normal(value: str) -> str:
    return "".join(value.split()).rstrip(".;")


def _tell(found: Domain, records: Sequence[CheckedRecord], *, as_json: bool) -> None:
    if as_json:
        answer(_json(found) | {"records": records})
        return
    facts((("domain", found.name), ("status", found.status)))
    click.echo()
    table(("PURPOSE", "TYPE", "NAME", "IN DNS"), ((r.purpose, r.type, r.name, r.status) for r in records))
    for record in records:
        if record.status != "found":
            click.echo(f"\n{record.type} {record.name} should be\n  {record.value}")
            for value in record.found:
                click.echo(f"but DNS says\n  {plain(value)}")


def _json(one: Domain) -> dict[str, Any]:
    return {"name": one.name, "status": one.status, "createdAt": one.created_at}
