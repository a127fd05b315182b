"""The store, open for the length of one command.

Reads the settings, joins the embedded database that runs or starts it, and gives everything back at the end.
Commands hand in what to do as a coroutine function; nothing else of the command line knows an event loop.
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

    handed: CliContext
    settings: Settings
    store: OpenStore

    async def tenant(self, ref: str | None) -> Tenant:
        """The tenant of that reference, else the first. Errors: Unusable where there is none."""
        database = self.store.database
        found = await tenants.by_ref(database, ref) if ref else await tenants.first(database)
        if found is None:
            raise UnusableSettings(f"There is no tenant {ref}." if ref else "There is no tenant yet; run posthouse init first.")
        return found


def opening(handed: CliContext, settings: Settings, *, create: bool = False, migrate: bool = False) -> StoreOptions:
    """What a command asks of the store: four connections, progress told to the person."""
    asked = handed.opening(settings)
    return msgspec.structs.replace(asked, application="posthouse command", progress=progress, create=create, migrate=migrate)


def with_store(
    handed: CliContext, work: Callable[[CliSession], Awaitable[T]], *, create: bool = False, migrate: bool = False
) -> T:
    """Do it with the store open. Errors: Unusable, StoreRefusal: one sentence, exit code 2."""
    return asyncio.run(_within(handed, work, create=create, migrate=migrate))


async def _within(handed: CliContext, work: Callable[[CliSession], Awaitable[T]], *, create: bool, migrate: bool) -> T:
    async with session(handed, create=create, migrate=migrate) as opened:
        return await work(opened)


@asynccontextmanager
async def reached(asked: StoreOptions) -> AsyncIterator[ReachedServer]:
    """A server that answers, whatever is in it. Errors: StoreRefusal."""
    server = await reach(asked)
    try:
        with vitals.errors_as_refusals():
            yield server
    finally:
        await server.close()


@asynccontextmanager
async def session(handed: CliContext, *, create: bool = False, migrate: bool = False) -> AsyncIterator[CliSession]:
    """The store open, and closed whatever happens."""
    settings = load(handed.environ)
    store = await open_store(opening(handed, settings, create=create, migrate=migrate))
    try:
        with vitals.errors_as_refusals():
            yield CliSession(handed, settings, store)
    finally:
        await store.close()
