"""Where the operator's commands about the suppression list sit: whose list it is, and who changes it."""

import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import click

from posthouse.admin.suppressions import Desk
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Environment
from posthouse.store.recipients import suppression_lookup

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def address_argument(function: F) -> F:
    """The options that say whose list, for every command."""
    function = click.option("--test", is_flag=True, help="The sandbox's list instead of the live one.")(function)
    return click.option("--tenant", metavar="REF", help="Whose list; left out: the first tenant's.")(function)


REASON: Final = click.option("--reason", required=True, help="Why; kept on record.")


def address_of(text: str) -> Mailbox:
    """The address behind an argument. Errors: click.BadParameter."""
    found = parse_mailbox(text)
    if isinstance(found, AddressFault):
        raise click.BadParameter(f"{text!r} {found.message}", param_hint="ADDRESS")
    return found


def with_suppressions(handed: CliContext, tenant: str | None, work: Callable[[Desk], Awaitable[T]], *, test: bool = False) -> T:
    """Do it as the operator, with the store open for that long."""
    made = iter(range(1 << 30))

    def new_id(now: datetime) -> UUID:  # in order within this command, so that a file's entries lie together
        chance = int.from_bytes(handed.random(7), "big")
        return ids.new(int(now.timestamp() * 1000), next(made) << 42 | chance & (1 << 42) - 1)

    async def at_it(session: CliSession) -> T:
        store, owner = session.store, await session.tenant(tenant)
        key = await suppression_lookup.load_key(store.database, store.sealer, handed.random)
        return await work(
            Desk(
                database=store.database, key=key, tenant=owner.id, environment=int(Environment.TEST if test else Environment.LIVE),
                actor=f"cli:{_user()}", source="cli", operator=True, now=handed.now, new_id=new_id,
            )
        )  # fmt: skip

    return with_store(handed, at_it)


def _user() -> str:
    """Who runs this; an operator without a name of the machine's is just the operator."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"
