"""The operator at the stored templates: the store open for the length of a command, and who it is in the audit trail."""

import os
import pwd
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import click

from posthouse.admin.templates import TemplateActor, TemplateParts, Templates
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model import ids

T = TypeVar("T")
TENANT: Final = click.option("--tenant", metavar="REF", help="Whose templates; left out: the first tenant's.")


def with_templates(
    handed: CliContext, tenant: str | None, work: Callable[[Templates, TemplateActor, CliSession], Awaitable[T]]
) -> T:
    """Do it as the operator. What an operator writes is rendered here: the machine is theirs."""

    async def at_it(session: CliSession) -> T:
        owner = await session.tenant(tenant)
        parts = TemplateParts(database=session.store.database, now=handed.now, new_id=_ids(handed))
        return await work(Templates(parts), TemplateActor(owner.id, f"cli:{user()}"), session)

    return with_store(handed, at_it)


def user() -> str:
    """The user of this machine that runs the command, as the system knows it; the environment could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _ids(handed: CliContext) -> Callable[[datetime], UUID]:
    """Ids in the order in which they are asked for, also within a millisecond."""
    made = iter(range(1 << 30))

    def new_id(now: datetime) -> UUID:
        return ids.new(int(now.timestamp() * 1000), next(made) << 42 | int.from_bytes(handed.random(5), "big"))

    return new_id
