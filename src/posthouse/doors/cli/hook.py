"""``posthouse hook``: the addresses to give to providers, which they call when something happens to a message."""

from typing import Final

import click

from posthouse.admin import hooks
from posthouse.admin.hooks import NO_HOOK, PREFIX
from posthouse.admin.views.hooks import hook_page
from posthouse.config import load
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, moment, refuse, remark, table
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model import ids
from posthouse.model.route import PROVIDER_KINDS
from posthouse.model.views.hooks import NewHook
from posthouse.providers.registry import BY_NAME

HEADINGS: Final = ("ID", "PROVIDER", "ENVIRONMENT", "CREATED")


@click.group()
def hook() -> None:
    """Addresses that providers call when something happens to a message."""


@hook.command()
@click.argument("provider", type=click.Choice([kind.value for kind in PROVIDER_KINDS]))
@click.option("--test", "is_test", is_flag=True, help="For messages of the test environment.")
@tenant_option("hook")
@as_json
@click.pass_obj
def add(context: CliContext, *, provider: str, is_test: bool, tenant: str | None, as_json: bool) -> None:
    """Create an address for PROVIDER to call; it is shown this once."""
    settings = load(context.environ)
    token = with_admin(context, tenant, lambda admin, actor: hooks.create(admin, actor, provider), test=is_test)
    if provider not in settings.webhook_secrets:
        remark(
            f"POSTHOUSE_{provider.upper()}_WEBHOOK_SECRET ({BY_NAME[provider].secret_name}) is not set where this command runs; "
            "until it is set for the server, calls are refused."
        )
    base = settings.public_url or f"http://{settings.http or 'localhost'}"
    created = NewHook(f"{base}/hooks/{provider}/{token}")
    if as_json:
        answer(created)
    else:
        click.echo(created.url)


@hook.command("list")
@tenant_option("hooks")
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, as_json: bool) -> None:
    """Show the hooks, without their tokens."""
    page = hook_page(with_admin(context, tenant, hooks.list_hooks))
    if as_json:
        answer(page)
    else:
        table(HEADINGS, ((each.id, each.provider, each.environment, moment(each.created_at)) for each in page.data))


@hook.command()
@click.argument("id")
@tenant_option("hook")
@click.pass_obj
def revoke(context: CliContext, *, id: str, tenant: str | None) -> None:
    """Take no more calls at the hook ID."""
    hook = ids.parse(PREFIX, id)
    if hook is None:
        refuse(NO_HOOK, as_json=False)
    rejection = with_admin(context, tenant, lambda admin, actor: hooks.revoke(admin, actor, hook))
    if rejection is not None:
        refuse(rejection, as_json=False)
