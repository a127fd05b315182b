"""``posthouse tenant``: who shares this installation, and who a tenant's mail is from and where answers go, where nothing nearer says."""

import re
from typing import Any, Final

import click

from posthouse.admin import tenants as founding
from posthouse.admin.settings import change_tenant
from posthouse.admin.templates import TemplateActor, Templates
from posthouse.admin.tenants import NewTenant
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, credentials, facts, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.with_templates import TENANT, with_templates
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.tenant import Tenant
from posthouse.policy.accept.sender import check_default_from
from posthouse.store.tenants import tenants

HEADINGS: Final = ("TENANT", "NAME", "FROM", "REPLY TO")
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,128}")


@click.group()
def tenant() -> None:
    """Tenants: who shares this installation, who their mail is from, and where answers go."""


@tenant.command()
@TENANT
@as_json
@click.pass_obj
def show(handed: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show what is set."""

    async def work(_templates: Templates, _actor: TemplateActor, session: CliSession) -> Tenant:
        return await session.tenant(tenant)

    _show(with_templates(handed, tenant, work), as_json=as_json)


def _author(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text and (wrong := check_default_from(text)) is not None:
        raise click.BadParameter(wrong)
    return text


def _answers(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text and isinstance(wrong := parse_mailbox(text), AddressFault):
        raise click.BadParameter(wrong.message)
    return text


def _name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not _NAME.fullmatch(text) or not text.strip():
        raise click.BadParameter("must be 1 to 128 characters on one line")
    return text.strip()


_FROM = click.option(
    "--from", "sender", metavar="ADDRESS", callback=_author, help="The author of messages that do not say; '' for none."
)
_REPLY_TO = click.option(
    "--reply-to", metavar="ADDRESS", callback=_answers, help="Where answers go that nobody else gets; '' for nowhere."
)


@tenant.command()
@click.argument("name", callback=_name)
@_FROM
@_REPLY_TO
@as_json
@click.pass_obj
def add(handed: CliContext, *, name: str, sender: str | None, reply_to: str | None, as_json: bool) -> None:
    """Make another tenant, called NAME, and show its credentials, once.

    It has keys, domains, messages, templates and lists of its own; other commands reach it by --tenant.
    """

    async def work(session: CliSession) -> NewTenant:
        await session.tenant(None)  # the first is made by init
        return await founding.add(
            session.store.database, handed.random, handed.now(), name, sender=sender, reply_to=reply_to
        )  # fmt: skip

    credentials(with_store(handed, work), as_json=as_json)


@tenant.command("list")
@as_json
@click.pass_obj
def list_(handed: CliContext, *, as_json: bool) -> None:
    """Show all tenants, the newest first."""

    async def work(session: CliSession) -> list[Tenant]:
        return await tenants.list_tenants(session.store.database)

    found = with_store(handed, work)
    if as_json:
        answer({"data": [_told(one) for one in found]})
    else:
        table(HEADINGS, [(one.ref, one.name, one.default_from or "", one.reply_to or "") for one in found])


@tenant.command("set")
@_FROM
@_REPLY_TO
@TENANT
@as_json
@click.pass_obj
def set_(handed: CliContext, /, *, tenant: str | None, as_json: bool, **wanted: Any) -> None:
    """Change what is given. Messages, templates and streams that say themselves who they are from are left alone."""
    changed = {name: text for name, text in wanted.items() if text is not None}
    if not changed:
        raise click.UsageError("Say what to change: --from or --reply-to.")

    async def work(templates: Templates, actor: TemplateActor, _session: CliSession) -> Tenant:
        return await change_tenant(templates.parts, actor, changed)

    _show(with_templates(handed, tenant, work), as_json=as_json)


def _show(found: Tenant, *, as_json: bool) -> None:
    if as_json:
        answer(_told(found))
    else:
        facts(
            (("tenant", found.ref), ("name", found.name), ("from", found.default_from or ""), ("reply to", found.reply_to or ""))
        )


def _told(found: Tenant) -> dict[str, str]:
    return {"tenant": found.ref, "name": found.name} | found.settings
