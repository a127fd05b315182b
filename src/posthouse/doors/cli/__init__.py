"""The command line: what an operator types, and what a program may read with ``--json``.

Exit codes: 0 done; 1 the answer is no (a message refused, a check failed, nothing found); 2 the settings or the
store cannot be used, explained in one sentence, and usage errors; 3 ``init`` on an initialised database.

Must never import app or net: the composition root gives it what needs them (``CliContext``).
"""

import sys
from typing import IO, Any, Final, NoReturn

import click

from posthouse import __version__
from posthouse.config import UnusableSettings
from posthouse.doors.cli.alerts import alerts
from posthouse.doors.cli.bounce import bounce
from posthouse.doors.cli.config import config
from posthouse.doors.cli.doctor import doctor
from posthouse.doors.cli.domain import domain
from posthouse.doors.cli.explain import explain
from posthouse.doors.cli.hook import hook
from posthouse.doors.cli.init import init, migrate
from posthouse.doors.cli.key import key
from posthouse.doors.cli.messages import messages
from posthouse.doors.cli.send import send
from posthouse.doors.cli.serve import serve
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.stream import stream
from posthouse.doors.cli.suppressions.group import suppression
from posthouse.doors.cli.tail import tail
from posthouse.doors.cli.templates.group import template
from posthouse.doors.cli.tenant import tenant
from posthouse.doors.cli.type import type_
from posthouse.doors.cli.webhook import webhook
from posthouse.store.postgres.refusal import StoreRefusal

__all__ = ["CliContext", "main", "posthouse"]


COMMANDS: Final = (
    serve,
    init,
    migrate,
    domain,
    key,
    send,
    messages,
    tail,
    alerts,
    stream,
    suppression,
    tenant,
    template,
    type_,
    doctor,
    explain,
    config,
    webhook,
    bounce,
    hook,
)


class CommandError(click.ClickException):
    """A refusal as a person reads it; exit code 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """One line a sentence, on stderr."""
        for line in self.format_message().splitlines():
            click.echo(f"posthouse: {line}", file=file or sys.stderr)


class Commands(click.Group):
    """The group; turns a refusal from any command into its sentence."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (UnusableSettings, StoreRefusal) as refusal:
            raise CommandError(str(refusal)) from None


@click.group(cls=Commands, commands=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="posthouse")
def posthouse() -> None:
    """Posthouse: transactional email from your own machine.

    Start with `posthouse serve`. Settings are environment variables: `posthouse config` shows them.
    """


def main(context: CliContext) -> NoReturn:
    """Run what the arguments say and exit with its code."""
    posthouse.main(prog_name="posthouse", obj=context)
    raise AssertionError("click exits")
