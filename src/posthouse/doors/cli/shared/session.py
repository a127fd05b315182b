"""The store, open for the length of one command.

Reads the settings, joins the embedded database that runs or starts it, and closes everything at the end.
Commands give what to do as a coroutine function; nothing else of the command line knows an event loop.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from posthouse.config import Settings, UnusableSettings, load
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import progress
from posthouse.model.tenant import Tenant
from posthouse.ops.open_store import OpenStore, ReachedServer, StoreOptions, open_store, reach
from posthouse.store.postgres import vitals
from posthouse.store.tenants import tenants

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CliSession:
    """What a command works with."""

    context: CliContext
    settings: Settings
    store: OpenStore

    async def tenant(self, ref: str | None) -> Tenant:
        """The tenant of that reference, else the first. Errors: UnusableSettings where there is none."""
        database = self.store.database
        tenant = await tenants.by_ref(database, ref) if ref else await tenants.first(database)
        if tenant is None:
            raise UnusableSettings(f"There is no tenant {ref}." if ref else "There is no tenant yet; run posthouse init first.")
        return tenant


def store_options(context: CliContext, settings: Settings, *, create: bool = False, migrate: bool = False) -> StoreOptions:
    """How a command opens the store: four connections, progress shown to the person."""
    options = context.store_options(settings)
    return msgspec.structs.replace(options, application="posthouse command", progress=progress, create=create, migrate=migrate)


def with_store(
    context: CliContext, work: Callable[[CliSession], Awaitable[T]], *, create: bool = False, migrate: bool = False
) -> T:
    """Do it with the store open. Errors: UnusableSettings, StoreRefusal: one sentence, exit code 2."""

    async def run() -> T:
        async with open_session(context, create=create, migrate=migrate) as session:
            return await work(session)

    return asyncio.run(run())


@asynccontextmanager
async def reach_server(options: StoreOptions) -> AsyncIterator[ReachedServer]:
    """A server that answers, whatever is in it. Errors: StoreRefusal."""
    server = await reach(options)
    try:
        with vitals.errors_as_refusals():
            yield server
    finally:
        await server.close()


@asynccontextmanager
async def open_session(context: CliContext, *, create: bool = False, migrate: bool = False) -> AsyncIterator[CliSession]:
    """The store open, and closed whatever happens."""
    settings = load(context.environ)
    store = await open_store(store_options(context, settings, create=create, migrate=migrate))
    try:
        with vitals.errors_as_refusals():
            yield CliSession(context, settings, store)
    finally:
        await store.close()
