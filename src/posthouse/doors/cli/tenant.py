"""``posthouse tenant``: who a tenant's mail is from and where answers go, where nothing nearer says."""

from typing import Any

import click

from posthouse.doors.cli.handed import Handed
from posthouse.doors.cli.session import Session
from posthouse.doors.cli.show import answer, as_json, facts
from posthouse.doors.cli.template_session import TENANT, at_the_templates
from posthouse.journeys.shared_parts import change_tenant
from posthouse.journeys.templates import Actor, Templates
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.policy.sender import unfit
from posthouse.store import tenants


@click.group()
def tenant() -> None:
    """The tenant: who its mail is from, and where answers go."""


@tenant.command()
@TENANT
@as_json
@click.pass_obj
def show(handed: Handed, *, tenant: str | None, as_json: bool) -> None:
    """Show what is set."""

    async def work(_templates: Templates, _actor: Actor, session: Session) -> tenants.Tenant:
        return await session.tenant(tenant)

    _show(at_the_templates(handed, tenant, work), as_json=as_json)


def _author(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text and (wrong := unfit(text)) is not None:
        raise click.BadParameter(wrong)
    return text


def _answers(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text and isinstance(wrong := parse_mailbox(text), AddressFault):
        raise click.BadParameter(wrong.message)
    return text


@tenant.command("set")
@click.option(
    "--from", "sender", metavar="ADDRESS", callback=_author, help="The author of messages that do not say; '' for none."
)
@click.option("--reply-to", metavar="ADDRESS", callback=_answers, help="Where answers go that nobody else gets; '' for nowhere.")
@TENANT
@as_json
@click.pass_obj
def set_(handed: Handed, /, *, tenant: str | None, as_json: bool, **wanted: Any) -> None:
    """Change what is given. Messages, templates and streams that say themselves who they are from are left alone."""
    changed = {name: text for name, text in wanted.items() if text is not None}
    if not changed:
        raise click.UsageError("Say what to change: --from or --reply-to.")

    async def work(templates: Templates, actor: Actor, _session: Session) -> tenants.Tenant:
        return await change_tenant(templates.parts, actor, changed)

    _show(at_the_templates(handed, tenant, work), as_json=as_json)


def _show(found: tenants.Tenant, *, as_json: bool) -> None:
    if as_json:
        answer({"tenant": found.ref, "name": found.name} | found.settings)
    else:
        facts(
            (("tenant", found.ref), ("name", found.name), ("from", found.default_from or ""), ("reply to", found.reply_to or ""))
        )
