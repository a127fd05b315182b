"""The fan-out role, put together: loops that notify the outside, or read what comes back, each for as long as the process lives.

A loop is made from the ``Runtime`` and runs until told to stop; ``LOOPS`` names them all.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from posthouse.app.roles.feedback import FeedbackRoleLoop
from posthouse.app.runtime.child_store import StorePool
from posthouse.app.runtime.runtime import ChildContext, Runtime, open_runtime
from posthouse.net.clock import SystemClock
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.loops import wait_at_most
from posthouse.pipeline.webhooks.dispatcher import WebhookDispatcher
from posthouse.pipeline.webhooks.endpoint_worker import ConcurrencyLimits, WebhookParts
from posthouse.pipeline.webhooks.settlement import build_settler
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.postgres.listen import listen
from posthouse.store.queue import queue

log = structlog.get_logger()

POOL: Final = StorePool(size=3, idle=2, application="posthouse fanout")
SETTLE_LIMIT: Final = 500
SETTLE_PAUSE: Final = 0.01
ANCHOR_SECONDS: Final = 60.0
RELISTEN_SECONDS: Final = 1.0


class Loop(Protocol):
    """Work that goes on until ``stop`` is set, then ends in order."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        ...


class WebhooksLoop:
    """Events to endpoints, woken by the same NOTIFY as workers."""

    def __init__(self, runtime: Runtime) -> None:
        self._dsn = runtime.dsn
        holder = runtime.entropy.new_id(runtime.clock.now())
        settle = Batcher(
            build_settler(runtime.database, holder, runtime.clock, runtime.entropy),
            fails_together=is_unavailable,
            limit=SETTLE_LIMIT,
            pause=SETTLE_PAUSE,
        )
        self._dispatcher = WebhookDispatcher(
            WebhookParts(
                database=runtime.database,
                sealer=runtime.sealer,
                client=runtime.http,
                clock=runtime.clock,
                entropy=runtime.entropy,
                holder=holder,
                limits=ConcurrencyLimits(),
                settle=settle,
            )
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        listening = asyncio.create_task(self._listen())
        try:
            await self._dispatcher.run(stop)
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                await listen(self._dsn, queue.CHANNEL, self._dispatcher.wake, self._dispatcher.wake)
            except Exception as error:  # whatever it was, listening again is the answer; the poll covers the gap
                log.info("listening again", error=type(error).__name__)
            await asyncio.sleep(RELISTEN_SECONDS)


LOOPS: Final[tuple[Callable[[Runtime], Loop], ...]] = (WebhooksLoop, FeedbackRoleLoop)


async def run(child: ChildContext) -> None:
    """Run every loop until told to stop."""
    runtime = await open_runtime(child, POOL)
    loops = [asyncio.create_task(make(runtime).run(child.stop)) for make in LOOPS]
    loops.append(asyncio.create_task(_keep_time(runtime.database, runtime.clock, child.stop)))
    child.notify_ready()
    await asyncio.gather(*loops)
    await runtime.close()


async def _keep_time(database: Database, clock: SystemClock, stop: asyncio.Event) -> None:
    """Stay on the database's clock: leases of several machines are compared with it."""
    while not stop.is_set():
        try:
            clock.anchor(await database.now())
        except Exception as error:
            if not is_unavailable(error):
                raise
        await wait_at_most(stop, ANCHOR_SECONDS)
