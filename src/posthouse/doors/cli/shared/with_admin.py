"""The operator's use cases: the store open for the length of a command, and who acts according to the system.

What an operator writes is rendered in the command's own process: the machine is theirs.
"""

import os
import pwd
from collections.abc import Awaitable, Callable
from typing import TypeVar

from posthouse.admin.context import AdminContext
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model.actor import NO_TENANT, Actor
from posthouse.model.send_request import Environment
from posthouse.model.tenant import Tenant
from posthouse.store.cells import Cells

T = TypeVar("T")


def with_admin(
    context: CliContext, tenant: str | None, work: Callable[[AdminContext, Actor], Awaitable[T]], *, test: bool = False
) -> T:
    """Call a use case as the operator, for the tenant of that reference or the first. Errors: UnusableSettings, StoreRefusal."""

    async def call(session: CliSession) -> T:
        return await work(admin_of(session), operator_of(await session.tenant(tenant), test=test))

    return with_store(context, call)


def admin_of(session: CliSession) -> AdminContext:
    """What use cases work with, over the open store."""
    return AdminContext(
        cells=Cells(session.store.database),
        sealer=session.store.sealer,
        clock=session.context.clock,
        new_id=session.context.new_id,
        random=session.context.random,
        allow_private_networks=session.settings.allow_private_networks,
    )


def operator_of(tenant: Tenant | None, *, test: bool = False) -> Actor:
    """The operator, for a tenant; None while there is none yet."""
    return Actor(
        tenant=NO_TENANT if tenant is None else tenant.id,
        environment=environment_of(test=test),
        name=f"cli:{machine_user()}",
        source="cli",
        is_operator=True,
    )


def environment_of(*, test: bool) -> Environment:
    """What the option ``--test`` stands for."""
    return Environment.TEST if test else Environment.LIVE


def machine_user() -> str:
    """The user that runs the command, as the system knows it. LOGNAME and the like are not read: anybody may set them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
