"""``posthouse send``: one message through the same intake as every other door, and what became of it."""

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import F, answer, as_json, remark, table
from posthouse.doors.cli.shared.parameters import VariableArgument
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.timeline import is_settled, print_timeline, went_well
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, Caller, Environment, Rejection, SendRequest
from posthouse.model.timeline import MessageView
from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.store.messages import timeline
from posthouse.store.queue import workers

LOOK_EVERY: Final = 0.2  # seconds
PATIENCE: Final = 60  # seconds
NOBODY: Final = "No worker is running: the message is kept and leaves once `posthouse serve` runs."


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
    click.option("--bcc", type=_Address(), multiple=True, help="A recipient nobody sees; may be repeated."),
    click.option("--from", "sender", type=_Address(), help="The author."),
    click.option("--reply-to", type=_Address(), multiple=True, help="Where answers go."),
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


def of_a_message(function: F) -> F:
    """The options that say what a message is."""
    for option in reversed(_FIELDS):
        function = option(function)
    return function


def asked_for(fields: dict[str, Any]) -> SendRequest:
    """The request that those options make."""
    return SendRequest(**fields | {"variables": dict(fields["variables"]) or None})


@click.command()
@of_a_message
@click.option("--test", is_flag=True, help="Sandbox: to the built-in inbox, nowhere else.")
@click.option("--tenant", metavar="REF", help="Whose message; left out: the first tenant's.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="[SECONDS]",
    is_flag=False,
    flag_value=PATIENCE,
    help=f"Wait until every delivery has ended, at most so long ({PATIENCE} where nothing is said), and show its timeline.",
)
@as_json
@click.pass_obj
def send(handed: CliContext, /, *, test: bool, tenant: str | None, wait: float | None, as_json: bool, **fields: Any) -> None:
    """Send one message.

    Exits 1 when it is refused and, with --wait, when a delivery did not end as sent or delivered in time.
    """
    sending = _Sending(asked_for(fields), Environment.TEST if test else Environment.LIVE, tenant, wait, as_json)
    sys.exit(0 if with_store(handed, sending.go) else 1)


class _Sending(msgspec.Struct, frozen=True):
    """One message on its way; ``wait`` in seconds, None for not at all."""

    request: SendRequest
    environment: Environment
    tenant: str | None
    wait: float | None
    as_json: bool

    async def go(self, session: CliSession) -> bool:
        """True when it was taken and, if waited for, went well."""
        caller = await caller_of(session, self.tenant, self.environment)
        try:
            async with session.handed.intake(session.settings, session.store) as intake:
                taken = await intake.accept(caller, self.request)
        except StoreUnavailable as away:
            return refused(Rejection("unavailable", str(away), retry_after=away.retry_after), as_json=self.as_json)
        if isinstance(taken, Rejection):
            return refused(taken, as_json=self.as_json)
        alone = await self._is_alone(session)
        if alone:
            remark(NOBODY)
        if self.wait is None:
            self._accepted(taken)
            return True
        # A database that we started ends with us, so no worker can come while we wait.
        return await self._watch(session, caller, taken, 0 if alone and session.store.embedded else self.wait)

    async def _is_alone(self, session: CliSession) -> bool:
        async with session.store.database.session() as reading:
            return not await workers.alive(reading, session.handed.now())

    async def _watch(self, session: CliSession, caller: Caller, taken: Accepted, wait: float) -> bool:
        """The timeline once everything ended, or as far as it came in time."""
        clock = asyncio.get_running_loop()
        until = clock.time() + wait
        view = await self._view(session, caller, taken)
        while not is_settled(view) and clock.time() < until:
            await asyncio.sleep(LOOK_EVERY)
            view = await self._view(session, caller, taken)
        if self.as_json:
            answer(view)
        else:
            print_timeline(view)
        return went_well(view)

    async def _view(self, session: CliSession, caller: Caller, taken: Accepted) -> MessageView:
        message = ids.parse("msg", taken.id)
        assert message is not None  # noqa: S101  (intake made it)
        store = session.store
        found = await timeline.get_message(store.database, store.sealer, caller.tenant, caller.environment, message)
        assert found is not None  # noqa: S101  (it was committed)
        return found

    def _accepted(self, taken: Accepted) -> None:
        if self.as_json:
            answer(taken)
            return
        told = f"{taken.id} {'again: this key was used before' if taken.duplicate else taken.status}"
        click.echo(told)
        table(("RECIPIENT", "STATUS", "REASON"), ((d.recipient, d.status, d.reason or "") for d in taken.deliveries))
        for warning in taken.warnings:
            remark(f"{warning.code}: {warning.message}")


async def caller_of(session: CliSession, tenant: str | None, environment: Environment) -> Caller:
    """The operator, for a tenant."""
    owner = await session.tenant(tenant)
    return Caller(tenant=owner.id, tenant_ref=owner.ref, environment=environment, credential="cli", door="cli")


def refused(why: Rejection, *, as_json: bool) -> bool:
    """Say why not; always False."""
    if as_json:
        answer({"error": why})
    remark(f"posthouse: refused ({why.code}): {why.detail}")
    for error in why.errors:
        remark(f"  {error.path}: {error.message}")
    return False
