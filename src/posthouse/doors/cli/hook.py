"""``posthouse hook``: the addresses to give to providers, so that they tell what became of mails."""

import sys
from typing import Final
from uuid import UUID

import click

from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, moment, remark, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model import ids
from posthouse.model.feedback import HookAddress
from posthouse.model.route import PROVIDER_KINDS
from posthouse.providers.registry import BY_NAME
from posthouse.store.recipients import hooks

PREFIX: Final = "hook"
HEADINGS: Final = ("ID", "PROVIDER", "ENVIRONMENT", "CREATED")
TENANT = click.option("--tenant", metavar="REF", help="Whose hook; left out: the first tenant's.")


@click.group()
def hook() -> None:
    """Addresses that providers call with what became of mails."""


@hook.command()
@click.argument("provider", type=click.Choice([kind.value for kind in PROVIDER_KINDS]))
@click.option("--test", "is_test", is_flag=True, help="For mail of the test environment.")
@TENANT
@as_json
@click.pass_obj
def add(handed: CliContext, *, provider: str, is_test: bool, tenant: str | None, as_json: bool) -> None:
    """Make an address for PROVIDER to call; it is shown this once."""

    async def work(session: CliSession) -> str:
        owner, now = await session.tenant(tenant), handed.now()
        token = await hooks.add(
            session.store.database, owner.id, 0 if is_test else 1, provider, id=_id(handed), now=now, random=handed.random
        )
        base = session.settings.public_url or f"http://{session.settings.http or 'localhost'}"
        if provider not in session.settings.webhook_secrets:
            remark(
                f"POSTHOUSE_{provider.upper()}_WEBHOOK_SECRET ({BY_NAME[provider].secret_name}) is not set where this command runs; "
                "until it is set for the server, calls are refused."
            )
        return f"{base}/hooks/{provider}/{token}"

    url = with_store(handed, work)
    if as_json:
        answer({"url": url})
    else:
        click.echo(url)


def _id(handed: CliContext) -> UUID:
    return ids.new(int(handed.now().timestamp() * 1000), int.from_bytes(handed.random(16), "big"))


@hook.command("list")
@TENANT
@as_json
@click.pass_obj
def list_(handed: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """The hooks there are, without their tokens."""

    async def work(session: CliSession) -> list[HookAddress]:
        return await hooks.list_hooks(session.store.database, (await session.tenant(tenant)).id)

    found = with_store(handed, work)
    rows = [
        (ids.text(PREFIX, one.id), one.provider, "live" if one.environment else "test", moment(one.created_at)) for one in found
    ]
    if as_json:
        answer([dict(zip(("id", "provider", "environment", "createdAt"), row, strict=True)) for row in rows])
    else:
        table(HEADINGS, rows)


@hook.command()
@click.argument("id")
@TENANT
@click.pass_obj
def revoke(handed: CliContext, *, id: str, tenant: str | None) -> None:
    """Take no more calls at the hook ID."""
    parsed = ids.parse(PREFIX, id)

    async def work(session: CliSession) -> bool:
        owner = await session.tenant(tenant)
        return parsed is not None and await hooks.revoke(session.store.database, owner.id, parsed, handed.now())

    if not with_store(handed, work):
        click.echo(f"posthouse: there is no hook {id}", err=True)
        sys.exit(1)
