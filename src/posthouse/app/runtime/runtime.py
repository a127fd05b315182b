"""What a process runs on: settings, time, chance, the stores with their sealer, and how it asks other servers.

A ``Runtime`` is built once, when the store is open, and given to the functions that put a role or a command together. A child
starts from its ``ChildContext``, which needs no store.

Must never know: which roles there are, or what they do with it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Final

import msgspec

from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.child_store import StorePool, connect_store
from posthouse.app.runtime.network import http_client, nameserver_of
from posthouse.config import Settings
from posthouse.net.clock import SystemClock
from posthouse.net.dns import Resolver
from posthouse.net.entropy import Entropy
from posthouse.net.http.client import HttpClient
from posthouse.ops.open_store import OpenStore
from posthouse.store.cells import Cells
from posthouse.store.postgres import vitals
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer

CLOSE_GRACE: Final = timedelta(seconds=2)  # for listeners and transports to end what they began


class ChildContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a role starts from, before its store is open. ``stop``: set at SIGTERM.

    ``notify_ready``: call once, when the role works.
    """

    spec: ChildSpec
    settings: Settings
    clock: SystemClock
    entropy: Entropy
    stop: asyncio.Event
    notify_ready: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """``cells``: a tenant's store is found there.

    ``dsn``: of the cell that this process works for; NOTIFY needs a connection of its own.
    """

    settings: Settings
    clock: SystemClock
    entropy: Entropy
    cells: Cells
    sealer: Sealer
    dsn: str
    resolver: Resolver

    @property
    def database(self) -> Database:
        """The store of the cell that this process works for; today it is the only one."""
        return self.cells.all[0]

    @cached_property
    def http(self) -> HttpClient:
        """Made when first used: it loads the machine's certificate authorities, which most processes never need."""
        return http_client(self.settings, self.clock)

    async def close(self) -> None:
        """Close the connections: to other servers, then to the stores."""
        if "http" in self.__dict__:  # where ``cached_property`` keeps it once it was made
            await self.http.close()
        for database in self.cells.all:
            await database.close()


async def open_runtime(child: ChildContext, pool: StorePool) -> Runtime:
    """A child's runtime: the store is waited for while it is away, and the clock is anchored on it."""
    if (most := child.settings.database_connections) is not None:
        pool = msgspec.structs.replace(pool, size=most, idle=min(pool.idle, most))
    database = await connect_store(child.spec.dsn, pool, child.stop)
    child.clock.anchor((await vitals.server(database)).now)
    return Runtime(
        settings=child.settings,
        clock=child.clock,
        entropy=child.entropy,
        cells=Cells(database),
        sealer=Sealer(child.spec.secret_keys, child.entropy.bytes),
        dsn=child.spec.dsn,
        resolver=Resolver(nameserver_of(child.settings), child.clock),
    )


def runtime_of(store: OpenStore, settings: Settings, clock: SystemClock, entropy: Entropy) -> Runtime:
    """The runtime of a command or of the supervisor, over a store that it opened and closes itself."""
    return Runtime(
        settings=settings,
        clock=clock,
        entropy=entropy,
        cells=Cells(store.database),
        sealer=store.sealer,
        dsn=store.dsn,
        resolver=Resolver(nameserver_of(settings), clock),
    )
