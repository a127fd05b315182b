"""``posthouse key``: API keys and SMTP logins, created, listed, limited and revoked."""

import sys
from typing import Final
from uuid import UUID

import click
import msgspec

from posthouse.admin import keys
from posthouse.admin.keys import KeyRequest
from posthouse.admin.views.keys import credential_page, credential_view, new_credential
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, facts, moment, refuse, remark, table
from posthouse.doors.cli.shared.with_admin import environment_of, with_admin
from posthouse.model import ids
from posthouse.model.credential import PREFIX
from posthouse.model.send_request import Rejection
from posthouse.model.views.keys import CredentialView, NewSmtpLogin
from posthouse.policy import types
from posthouse.policy.throttle import MOST

HEADINGS: Final = ("ID", "KIND", "ENVIRONMENT", "BEGINS WITH", "NAME", "TYPE", "STREAM", "A MINUTE", "CREATED", "REVOKED")


class RevokedKey(msgspec.Struct, frozen=True):
    """Whether a key was revoked by this command."""

    id: str
    revoked: bool


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
@tenant_option("key")
@as_json
@click.pass_obj
def create(
    context: CliContext,
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
    """Create a key and show it, once."""
    if type_ is not None and not types.NAME.fullmatch(type_):
        raise click.BadParameter(types.unknown(type_), param_hint="--type")
    request = KeyRequest(
        environment=environment_of(test=test),
        kind="smtp" if smtp else "api",
        name=name,
        type=type_,
        stream=stream,
        rate=rate,
    )
    created = with_admin(context, tenant, lambda admin, actor: keys.create(admin, actor, request))
    if isinstance(created, Rejection):
        _refuse_create(created, as_json=as_json)
        return
    view = new_credential(created)
    if as_json:
        answer(view)
        return
    if isinstance(view, NewSmtpLogin):
        facts((("id", view.id), ("username", view.username), ("password", view.password)))
    else:
        facts((("id", view.id), ("key", view.key)))
    remark("This is shown once; only its digest is kept.")


@key.command("list")
@tenant_option("keys")
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show all keys, the newest first; never their secrets."""
    page = credential_page(with_admin(context, tenant, keys.list_keys))
    if as_json:
        answer(page)
    else:
        table(HEADINGS, map(_cells, page.data))


@key.command()
@click.argument("id")
@click.option("--rate", metavar="N", type=click.IntRange(0, MOST), required=True, help="Messages a minute; 0: no limit.")
@tenant_option("key")
@as_json
@click.pass_obj
def change(context: CliContext, *, id: str, rate: int, tenant: str | None, as_json: bool) -> None:
    """Change the rate limit of the key ID (key_…), or remove it; it counts within seconds."""
    key = _parse_id(id)
    changed = with_admin(context, tenant, lambda admin, actor: keys.change_rate(admin, actor, key, rate or None))
    if isinstance(changed, Rejection):
        refuse(changed, as_json=as_json)
    if as_json:
        answer(credential_view(changed))
    else:
        remark(f"At most {rate:,} messages a minute." if rate else "No limit any more.")


@key.command()
@click.argument("id")
@tenant_option("key")
@as_json
@click.pass_obj
def revoke(context: CliContext, *, id: str, tenant: str | None, as_json: bool) -> None:
    """Revoke the key ID (key_…); it stops working within seconds."""
    key = _parse_id(id)
    rejection = with_admin(context, tenant, lambda admin, actor: keys.revoke(admin, actor, key))
    if as_json:
        answer(RevokedKey(id, rejection is None))
    else:
        remark("Revoked." if rejection is None else rejection.detail)
    sys.exit(0 if rejection is None else 1)


def _refuse_create(rejection: Rejection, *, as_json: bool) -> None:
    """A type that does not exist is a wrong option; anything else is refused."""
    for error in rejection.errors:
        if error.path == "type":
            raise click.BadParameter(error.message, param_hint="--type")
    refuse(rejection, as_json=as_json)


def _parse_id(text: str) -> UUID:
    key = ids.parse(PREFIX, text)
    if key is None:
        raise click.BadParameter("an id looks like key_01j…; `posthouse key list` shows them", param_hint="ID")
    return key


def _cells(view: CredentialView) -> tuple[str, ...]:
    return (
        view.id,
        view.kind,
        view.environment,
        view.prefix,
        view.name,
        view.type or "",
        view.stream or "",
        "" if view.rate_per_minute is None else str(view.rate_per_minute),
        moment(view.created_at),
        moment(view.revoked_at),
    )
