"""Options and arguments that several commands take."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.mailbox import Mailbox

F = TypeVar("F", bound=Callable[..., Any])


def as_json(function: F) -> F:
    """``--json``, for every command that a program may read."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")(function)


def tenant_option(of: str) -> Callable[[F], F]:
    """``--tenant``: whose ``of`` (keys, domains, …) is meant."""
    return click.option("--tenant", metavar="REF", help=f"Whose {of}; left out: the first tenant's.")


def test_option(of: str) -> Callable[[F], F]:
    """``--test``: the sandbox's ``of`` (messages, alerts, …)."""
    return click.option("--test", is_flag=True, help=f"The sandbox's {of} instead of the live environment's.")


def reason_option(function: F) -> F:
    """``--reason``, which is needed."""
    return click.option("--reason", required=True, help="Why; stored in the audit trail.")(function)


def parse_address(text: str) -> Mailbox:
    """The address behind an argument. Errors: click.BadParameter."""
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressFault):
        raise click.BadParameter(f"{text!r} {mailbox.message}", param_hint="ADDRESS")
    return mailbox
