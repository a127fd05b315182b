"""``posthouse tenant``: who shares this installation, who a tenant's messages are from and where replies go, where nothing else
says.
"""

import re
from typing import Any, Final

import click

from posthouse.admin import tenants
from posthouse.admin.context import AdminContext
from posthouse.admin.tenants import NewTenant
from posthouse.admin.views.settings import tenant_page, tenant_view
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, facts, print_new_tenant, refuse, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.actor import Actor
from posthouse.model.send_request import Rejection
from posthouse.model.tenant import Tenant
from posthouse.policy.accept.sender import check_default_from
from posthouse.store.tenants.tenants import list_tenants

HEADINGS: Final = ("TENANT", "NAME", "FROM", "REPLY TO")
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,128}")


def _check_from(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text and (fault := check_default_from(text)) is not None:
        raise click.BadParameter(fault)
    return text


def _check_reply_to(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text and isinstance(fault := parse_mailbox(text), AddressFault):
        raise click.BadParameter(fault.message)
    return text


def _check_name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not _NAME.fullmatch(text) or not text.strip():
        raise click.BadParameter("must be 1 to 128 characters on one line")
    return text.strip()


_FROM = click.option(
    "--from", "sender", metavar="ADDRESS", callback=_check_from, help="From of messages that name none; '' for none."
)
_REPLY_TO = click.option(
    "--reply-to",
    metavar="ADDRESS",
    callback=_check_reply_to,
    help="Where replies go when a message names no address; '' for none.",
)


@click.group()
def tenant() -> None:
    """Tenants: who shares this installation, who their messages are from, and where replies go."""


@tenant.command()
@tenant_option("settings")
@as_json
@click.pass_obj
def show(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show what is set."""

    async def work(session: CliSession) -> Tenant:
        return await session.tenant(tenant)

    _print(with_store(context, work), as_json=as_json)


@tenant.command()
@click.argument("name", callback=_check_name)
@_FROM
@_REPLY_TO
@as_json
@click.pass_obj
def add(context: CliContext, *, name: str, sender: str | None, reply_to: str | None, as_json: bool) -> None:
    """Create another tenant, called NAME, and show its credentials, once.

    It has keys, domains, messages, templates and suppressions of its own; other commands reach it by --tenant.
    """

    async def work(admin: AdminContext, actor: Actor) -> NewTenant:
        return await tenants.create(admin, actor, name, sender=sender, reply_to=reply_to)

    # The operator acts for the first tenant, which only init creates.
    print_new_tenant(with_admin(context, None, work), as_json=as_json)


@tenant.command("list")
@as_json
@click.pass_obj
def list_(context: CliContext, *, as_json: bool) -> None:
    """Show all tenants, the newest first."""

    async def work(session: CliSession) -> list[Tenant]:
        return await list_tenants(session.store.database)

    stored = with_store(context, work)
    if as_json:
        answer(tenant_page(stored))
    else:
        table(HEADINGS, [(one.ref, one.name, one.default_from or "", one.reply_to or "") for one in stored])


@tenant.command("set")
@_FROM
@_REPLY_TO
@tenant_option("settings")
@as_json
@click.pass_obj
def set_(context: CliContext, /, *, tenant: str | None, as_json: bool, **settings: Any) -> None:
    """Set what is given. Messages, templates and streams that name a From or Reply-To of their own keep it."""
    changed = {name: text for name, text in settings.items() if text is not None}
    if not changed:
        raise click.UsageError("Say what to change: --from or --reply-to.")
    stored = with_admin(context, tenant, lambda admin, actor: tenants.change_tenant(admin, actor, changed))
    if isinstance(stored, Rejection):
        refuse(stored, as_json=as_json)
    _print(stored, as_json=as_json)


def _print(tenant: Tenant, *, as_json: bool) -> None:
    view = tenant_view(tenant)
    if as_json:
        answer(view)
    else:
        facts((("tenant", view.tenant), ("name", view.name), ("from", view.sender), ("reply to", view.reply_to)))
