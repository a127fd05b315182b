"""``posthouse key``: API keys and SMTP logins, made, listed, limited and revoked."""

import sys
from typing import Any, Final
from uuid import UUID

import click

from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, moment, remark, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model import ids
from posthouse.model.credential import Credential
from posthouse.model.send_request import Environment
from posthouse.policy import types
from posthouse.policy.throttle import MOST
from posthouse.store.tenants import credentials, message_types

HEADINGS: Final = ("ID", "KIND", "ENVIRONMENT", "BEGINS WITH", "NAME", "TYPE", "STREAM", "A MINUTE", "CREATED", "REVOKED")


@click.group()
def key() -> None:
    """API keys and SMTP logins."""


@key.command()
@click.option("--test", is_flag=True, help="For the sandbox: everything goes to the built-in inbox.")
@click.option("--smtp", is_flag=True, help="A user name and password for SMTP, instead of an API key.")
@click.option("--name", default="", help="What it is for, in your words.")
@click.option("--type", "type_", metavar="T", help="The type of messages that name none, such as password_reset.")
@click.option("--stream", metavar="S", help="The stream of messages that name none.")
@click.option("--rate", metavar="N", type=click.IntRange(1, MOST), help="At most N messages a minute; left out: no limit.")
@click.option("--tenant", metavar="REF", help="Whose key; left out: the first tenant's.")
@as_json
@click.pass_obj
def create(
    handed: CliContext,
    *,
    test: bool,
    smtp: bool,
    name: str,
    type_: str | None,
    stream: str | None,
    rate: int | None,
    tenant: str | None,
    as_json: bool,
) -> None:
    """Make a key and show it, once."""
    if type_ is not None and not types.NAME.fullmatch(type_):
        raise click.BadParameter(types.unknown(type_), param_hint="--type")

    async def work(session: CliSession) -> tuple[Credential, str]:
        owner = await session.tenant(tenant)
        if type_ is not None and type_ not in types.BY_NAME:
            async with session.store.database.session() as reading:
                own = types.own_types(await message_types.current(reading, owner.id))
            if type_ not in own:
                raise click.BadParameter(types.unknown(type_, own), param_hint="--type")
        make = credentials.create_smtp_login if smtp else credentials.create_api_key
        environment = Environment.TEST if test else Environment.LIVE
        return await make(
            session.store.database, owner.id, environment, now=handed.now(), random=handed.random, name=name,
            default_type=type_, default_stream=stream, rate=rate,
        )  # fmt: skip

    made, secret = with_store(handed, work)
    shown = {"username": made.lookup, "password": secret} if smtp else {"key": secret}
    if as_json:
        answer(_json(made) | shown)
        return
    facts([("id", ids.text("key", made.id)), *shown.items()])
    remark("This is shown once; only its digest is kept.")


@key.command("list")
@click.option("--tenant", metavar="REF", help="Whose keys; left out: the first tenant's.")
@as_json
@click.pass_obj
def list_(handed: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show all keys, the newest first; never their secrets."""

    async def work(session: CliSession) -> list[Credential]:
        return await credentials.list_credentials(session.store.database, (await session.tenant(tenant)).id)

    found = with_store(handed, work)
    if as_json:
        answer({"data": [_json(one) for one in found]})
    else:
        table(HEADINGS, map(_cells, found))


@key.command()
@click.argument("id")
@click.option("--rate", metavar="N", type=click.IntRange(0, MOST), required=True, help="Messages a minute; 0: no limit.")
@click.option("--tenant", metavar="REF", help="Whose key; left out: the first tenant's.")
@as_json
@click.pass_obj
def change(handed: CliContext, *, id: str, rate: int, tenant: str | None, as_json: bool) -> None:
    """Change the rate limit of the key ID (key_…), or take it away; it counts within seconds."""
    identifier = _identifier(id)

    async def work(session: CliSession) -> Credential | None:
        return await credentials.limit(session.store.database, (await session.tenant(tenant)).id, identifier, rate or None)

    changed = with_store(handed, work)
    if changed is None:
        remark("There is no such key that could be changed.")
    elif as_json:
        answer(_json(changed))
    else:
        remark(f"At most {rate:,} messages a minute." if rate else "No limit any more.")
    sys.exit(0 if changed is not None else 1)


@key.command()
@click.argument("id")
@click.option("--tenant", metavar="REF", help="Whose key; left out: the first tenant's.")
@as_json
@click.pass_obj
def revoke(handed: CliContext, *, id: str, tenant: str | None, as_json: bool) -> None:
    """Revoke the key ID (key_…); it stops working within seconds."""
    identifier = _identifier(id)

    async def work(session: CliSession) -> bool:
        return await credentials.revoke(session.store.database, (await session.tenant(tenant)).id, identifier, handed.now())

    revoked = with_store(handed, work)
    if as_json:
        answer({"id": id, "revoked": revoked})
    else:
        remark("Revoked." if revoked else "There is no such key that could be revoked.")
    sys.exit(0 if revoked else 1)


def _identifier(id: str) -> UUID:
    identifier = ids.parse("key", id)
    if identifier is None:
        raise click.BadParameter("an id looks like key_01j…; `posthouse key list` shows them", param_hint="ID")
    return identifier


def _json(one: Credential) -> dict[str, Any]:
    return {
        "id": ids.text("key", one.id), "kind": one.kind, "environment": one.environment.name.lower(), "prefix": one.lookup,
        "name": one.name, "type": one.default_type, "stream": one.default_stream, "ratePerMinute": one.rate,
        "createdAt": one.created_at, "revokedAt": one.revoked_at,
    }  # fmt: skip


def _cells(one: Credential) -> tuple[str, ...]:
    return (
        ids.text("key", one.id), one.kind, one.environment.name.lower(), one.lookup, one.name,
        one.default_type or "", one.default_stream or "",
        "" if one.rate is None else str(one.rate), moment(one.created_at), moment(one.revoked_at),
    )  # fmt: skip
