"""``posthouse send``: one message through the same intake as every other door, and what became of it."""

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from posthouse.admin.workers import is_worker_running
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import F, as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, print_rejection, remark, table
from posthouse.doors.cli.shared.parameters import VariableArgument
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.timeline import is_settled, print_timeline, went_well
from posthouse.doors.cli.shared.with_admin import admin_of, environment_of, operator_of
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, Caller, Environment, Rejection, SendRequest
from posthouse.model.timeline import MessageView
from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.store.messages import timeline

POLL_SECONDS: Final = 0.2  # seconds
DEFAULT_WAIT: Final = 60  # seconds
NO_WORKER: Final = "No worker is running: the message is stored and sent once `posthouse serve` runs."


class _Address(click.ParamType[Mailbox]):
    """One mailbox: ``a@b`` or ``Name <a@b>``."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Mailbox:
        """The mailbox, or a usage error that says what is wrong."""
        found = value if isinstance(value, Mailbox) else parse_mailbox(str(value))
        return self.fail(found.message, param, ctx) if isinstance(found, AddressFault) else found


class _Text(click.ParamType[str]):
    """Text as it stands; ``@file`` reads a file, ``@-`` standard input."""

    name = "text|@file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text."""
        if not str(value).startswith("@"):
            return str(value)
        try:
            return sys.stdin.read() if value == "@-" else Path(value[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            return self.fail(f"{value[1:]} cannot be read: {error}", param, ctx)


_FIELDS: Final = (
    click.option("--to", type=_Address(), multiple=True, required=True, help="A recipient; may be repeated."),
    click.option("--cc", type=_Address(), multiple=True, help="A recipient of a copy; may be repeated."),
    click.option("--bcc", type=_Address(), multiple=True, help="A recipient that no other sees; may be repeated."),
    click.option("--from", "sender", type=_Address(), help="From."),
    click.option("--reply-to", type=_Address(), multiple=True, help="Where replies go."),
    click.option("--subject", help="The subject line."),
    click.option("--text", type=_Text(), help="Plain text; @file reads a file, @- standard input."),
    click.option("--html", type=_Text(), help="HTML; @file reads a file, @- standard input."),
    click.option("--template", help="The name of a template, instead of subject and text."),
    click.option(
        "--variable", "variables", type=VariableArgument(), multiple=True, help="name=text or name:=JSON; may be repeated."
    ),
    click.option("--locale", help="Which variant of the template."),
    click.option("--type", help="The message type, such as password_reset."),
    click.option("--stream", help="The stream it goes out on; left out: what fits the type."),
    click.option("--dedupe-key", help="The same key sends once."),
)


def message_options(function: F) -> F:
    """The options that say what a message is."""
    for option in reversed(_FIELDS):
        function = option(function)
    return function


def request_of(fields: dict[str, Any]) -> SendRequest:
    """The request that those options make."""
    return SendRequest(**fields | {"variables": dict(fields["variables"]) or None})


@click.command()
@message_options
@click.option("--test", is_flag=True, help="Sandbox: to the built-in inbox, nowhere else.")
@tenant_option("message")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="[SECONDS]",
    is_flag=False,
    flag_value=DEFAULT_WAIT,
    help=f"Wait until every delivery has ended, at most so long ({DEFAULT_WAIT} if left out), and show its timeline.",
)
@as_json
@click.pass_obj
def send(context: CliContext, /, *, test: bool, tenant: str | None, wait: float | None, as_json: bool, **fields: Any) -> None:
    """Send one message.

    Exits 1 when it is refused and, with --wait, when a delivery did not end as sent or delivered in time.
    """
    sending = _Sending(request_of(fields), environment_of(test=test), tenant, wait, as_json)
    sys.exit(0 if with_store(context, sending.run) else 1)


class _Sending(msgspec.Struct, frozen=True):
    """One message on its way; ``wait`` in seconds, None for not at all."""

    request: SendRequest
    environment: Environment
    tenant: str | None
    wait: float | None
    as_json: bool

    async def run(self, session: CliSession) -> bool:
        """True when it was accepted and, if waited for, went well."""
        caller = await caller_of(session, self.tenant, self.environment)
        try:
            async with session.context.intake(session.settings, session.store) as intake:
                accepted = await intake.accept(caller, self.request)
        except StoreUnavailable as error:
            accepted = Rejection("unavailable", str(error), retry_after=error.retry_after)
        if isinstance(accepted, Rejection):
            return print_refusal(accepted, as_json=self.as_json)
        is_alone = not await is_worker_running(admin_of(session), operator_of(await session.tenant(self.tenant)))
        if is_alone:
            remark(NO_WORKER)
        if self.wait is None:
            self._print_accepted(accepted)
            return True
        # A database that this command started ends with it, so no worker can come while it waits.
        return await self._watch(session, caller, accepted, 0 if is_alone and session.store.embedded else self.wait)

    async def _watch(self, session: CliSession, caller: Caller, accepted: Accepted, wait: float) -> bool:
        """Wait until every delivery has ended or the time is over, and print the timeline."""
        clock = asyncio.get_running_loop()
        until = clock.time() + wait
        view = await self._view(session, caller, accepted)
        while not is_settled(view) and clock.time() < until:
            await asyncio.sleep(POLL_SECONDS)
            view = await self._view(session, caller, accepted)
        if self.as_json:
            answer(view)
        else:
            print_timeline(view)
        return went_well(view)

    async def _view(self, session: CliSession, caller: Caller, accepted: Accepted) -> MessageView:
        message = ids.parse("msg", accepted.id)
        assert message is not None  # noqa: S101 - intake made it
        store = session.store
        view = await timeline.get_message(store.database, store.sealer, caller.tenant, caller.environment, message)
        assert view is not None  # noqa: S101 - it was committed
        return view

    def _print_accepted(self, accepted: Accepted) -> None:
        if self.as_json:
            answer(accepted)
            return
        click.echo(f"{accepted.id} {'again: this key was used before' if accepted.duplicate else accepted.status}")
        table(("RECIPIENT", "STATUS", "REASON"), ((d.recipient, d.status, d.reason or "") for d in accepted.deliveries))
        for warning in accepted.warnings:
            remark(f"{warning.code}: {warning.message}")


async def caller_of(session: CliSession, tenant: str | None, environment: Environment) -> Caller:
    """The operator, for a tenant."""
    owner = await session.tenant(tenant)
    return Caller(tenant=owner.id, tenant_ref=owner.ref, environment=environment, credential="cli", door="cli")


def print_refusal(rejection: Rejection, *, as_json: bool) -> bool:
    """Say why a message was refused; always False."""
    print_rejection(rejection, as_json=as_json, prefix=f"refused ({rejection.code}): ")
    return False
