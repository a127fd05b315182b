"""The fan-out role, put together: loops that tell the outside, or read what comes back, each for as long as the process lives.

A loop is made by a function of ``RoleParts`` and runs until told to stop; ``LOOPS`` names them all.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from posthouse.app.roles.feedback import FeedbackRoleLoop
from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.parts import RoleParts, http_client, open_store
from posthouse.config import Settings
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.webhooks.dispatcher import WebhookDispatcher, settling
from posthouse.pipeline.webhooks.endpoint_worker import ConcurrencyLimits, WebhookParts
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.postgres.listen import listen
from posthouse.store.queue import queue

log = structlog.get_logger()

CONNECTIONS: Final = 6
SETTLE_PAUSE: Final = 0.01
ANCHOR: Final = 60.0


class Loop(Protocol):
    """Work that goes on until ``stop`` is set, then ends in order."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        ...


class WebhooksLoop:
    """Events to endpoints, woken by the same NOTIFY as workers."""

    def __init__(self, parts: RoleParts) -> None:
        """Nothing is held yet."""
        self._dsn = parts.brief.dsn
        holder = parts.entropy.new_id(parts.clock.now())
        settle = Batcher(
            settling(parts.database, holder, parts.clock, parts.entropy),
            fails_together=is_unavailable,
            limit=500,
            pause=SETTLE_PAUSE,
        )
        self._fanout = WebhookDispatcher(
            WebhookParts(
                database=parts.database, sealer=parts.sealer, client=parts.http, clock=parts.clock, entropy=parts.entropy,
                holder=holder, ways=ConcurrencyLimits(), settle=settle,
            )
        )  # fmt: skip

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        listening = asyncio.create_task(self._listen())
        try:
            await self._fanout.run(stop)
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                await listen(self._dsn, queue.CHANNEL, self._fanout.wake)
            except Exception as error:  # whatever it was, hearing again is the answer
                log.info("listening again", error=type(error).__name__)
            await asyncio.sleep(1.0)


LOOPS: Final[tuple[Callable[[RoleParts], Loop], ...]] = (WebhooksLoop, FeedbackRoleLoop)


async def run(brief: ChildSpec, settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Run every loop until told to stop."""
    clock, entropy = SystemClock(), Entropy()
    database, sealer = await open_store(brief, entropy, clock, stop, size=CONNECTIONS, application="posthouse fanout")
    http = http_client(settings, clock)
    parts = RoleParts(
        brief=brief, settings=settings, database=database, sealer=sealer, clock=clock, entropy=entropy, http=http
    )  # fmt: skip
    loops = [asyncio.create_task(make(parts).run(stop)) for make in LOOPS]
    loops.append(asyncio.create_task(_keep_time(database, clock, stop)))
    ready()
    await asyncio.gather(*loops)
    await http.close()
    await database.close()


async def _keep_time(database: Database, clock: SystemClock, stop: asyncio.Event) -> None:
    """Stay on the database's clock: leases of several machines are compared with it."""
    while not stop.is_set():
        try:
            clock.anchor(await database.now())
        except Exception as error:
            if not is_unavailable(error):
                raise
        try:
            await asyncio.wait_for(stop.wait(), ANCHOR)
        except TimeoutError:
            continue
