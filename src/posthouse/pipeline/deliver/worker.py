"""A worker process: what it claims, in which order it presses, and how it ends.

Three loops share one event loop. *Claiming* fills the lanes' places from the queue, fastest lane first.
*Pressing* takes the most urgent held delivery, prepares it (the CPU's work) and lets it go; it never holds
the loop longer than a slice, so an instant mail that arrives meanwhile is next. *Keeping* renews the lease,
promotes due rows and puts right what trouble left behind.

On stop: no more claims, what was not begun is given back, what is on the wire may finish.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.queue import LeasedDelivery
from posthouse.pipeline.deliver.claims import ENOUGH, POLL, Claims
from posthouse.pipeline.deliver.deliver import Deliverer, PreparedDelivery
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.lease import HEARTBEAT, Lease, lease_until
from posthouse.pipeline.deliver.ready_queue import ReadyQueue
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.queue import queue, workers

log = structlog.get_logger()

PROMOTE: Final = 0.5
SLICE: Final = 0.002
COURTESY: Final = 0.008
BREATH: Final = 0.003
WORTHWHILE: Final = 16
CROWDED: Final = 0.05
MOST_BYTES: Final = 64 * 1024 * 1024  # of content on its way at once, as it is kept (compressed)
TROUBLE: Final = 0.25
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WorkerParts(msgspec.Struct, frozen=True, kw_only=True):
    """``eager``: the lanes whose arrivals are claimed at once; for others the workers that are eager go first."""

    database: Database
    clock: Clock
    delivering: Deliverer
    lease: Lease
    lanes: Lanes
    eager: frozenset[int]


class Worker:
    """One process's loops. ``run`` returns when stopped or when the lease is lost."""

    def __init__(self, parts: WorkerParts) -> None:
        """Nothing is claimed yet."""
        self._parts = parts
        self._line = ReadyQueue(parts.lanes)
        self._wake, self._press, self._stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._claims = Claims(
            parts.database,
            parts.clock,
            parts.lease,
            parts.lanes,
            self._line,
            arrived=self._wake.set,
            held=self._press.set,
            watch=parts.delivering.watch,
        )
        self._watch = parts.delivering.watch
        self._later: asyncio.TimerHandle | None = None
        self._heavy = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, payload: str) -> None:
        """A NOTIFY: earlier arrivals."""
        try:
            heads = queue.read_notification(payload, EPOCH)
        except ValueError:
            return
        if not self._parts.lanes.tell(heads):
            return
        if any(head.lane in self._parts.eager for head in heads):
            self._wake.set()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(COURTESY, self._wake_later)

    def stop(self) -> None:
        """Claim no more and come to an end."""
        self._stopping.set()
        self._wake.set()
        self._press.set()

    async def run(self, grace: timedelta) -> None:
        """Work until ``stop``, then give back what was not begun and wait at most ``grace`` for the rest."""
        loops = [asyncio.create_task(self._forever(step)) for step in (self._claiming, self._pressing, self._keeping)]
        await self._stopping.wait()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        held = self._line.take_all()
        if held:
            with contextlib.suppress(OSError):
                await self._claims.release(held)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace.total_seconds())

    def _wake_later(self) -> None:
        self._later = None
        self._wake.set()

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        while not self._stopping.is_set():
            try:
                await step()
            except Exception as error:  # the worker outlives the database's absence and its own bugs
                if is_unavailable(error):
                    log.warning("database away", during=step.__name__)
                else:
                    log.exception("worker loop failed", during=step.__name__)
                await asyncio.sleep(TROUBLE)

    async def _claiming(self) -> None:
        self._wake.clear()
        await self._claims.reconcile()
        delivery = await self._claims.claim()
        if not delivery and not self._wake.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL / 4)
        elif delivery < WORTHWHILE:
            await asyncio.sleep(BREATH)  # so that the next claim finds more than one
        await self._claims.look()

    async def _pressing(self) -> None:
        if not self._line or not self._parts.lease.held():
            self._press.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._press.wait(), POLL)
            return
        started = self._parts.clock.monotonic()
        while self._line and self._parts.clock.monotonic() - started < SLICE:
            if not await self._press_one():
                return
            if self._claims.busy:
                break  # each answer of the database is one turn of the loop: do not make it wait
        await asyncio.sleep(0)

    async def _press_one(self) -> bool:
        """Prepare the most urgent that has a way out and let it go; False where none has."""
        found = self._line.take(self._fits)
        if found is None:
            await self._no_room(self._line.first())
            return False
        delivery, sealed = found
        if self._line.ahead(delivery.lane) == ENOUGH // 2:
            self._wake.set()
        self._heavy += delivery.size
        if self._parts.clock.now() >= delivery.expires_at:
            self._spawn(self._unsent(delivery, self._parts.delivering.expire(delivery)))
            return True
        verdict = self._watch.verdict(delivery) if self._watch is not None else None
        if verdict is not None:
            self._spawn(self._unsent(delivery, self._parts.delivering.withhold(delivery, verdict)))
            return True
        try:
            sealed = sealed or await self._claims.content(delivery)
            if sealed is None:
                self._spawn(self._unsent(delivery, self._parts.delivering.gone(delivery)))
            else:
                keys = await self._parts.delivering.keys(delivery)
                self._spawn(self._carry(self._parts.delivering.prepare(delivery, sealed, keys)))
        except Exception as error:  # one that cannot be made must not stop its neighbours
            if is_unavailable(error):
                self._claims.uncertain = True  # reconciliation gives it back
                self._let_go(delivery, forget=True)
                raise
            self._spawn(self._unsent(delivery, self._parts.delivering.unmade(delivery, error)))
        return True

    def _fits(self, delivery: LeasedDelivery) -> bool:
        """Its route has room, and this process memory for it."""
        if self._heavy and self._heavy + delivery.size > MOST_BYTES:
            return False
        return self._parts.delivering.route(delivery).transport.room(delivery.site) > 0

    async def _no_room(self, delivery: LeasedDelivery) -> None:
        route = self._parts.delivering.route(delivery)
        if route.per_site and route.transport.room(delivery.site) <= 0:
            await self._claims.park(delivery.site)
            return
        self._press.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._press.wait(), CROWDED)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guarded(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except Exception as error:  # what nothing left of is given back by reconciliation, the rest by its mark
            self._claims.uncertain = True
            log.warning("delivery not settled", error=type(error).__name__)

    async def _carry(self, prepared: PreparedDelivery) -> None:
        settled = False
        try:
            if not await self._parts.delivering.send(prepared):
                await self._claims.release([prepared.claimed])
            settled = True
        finally:
            self._let_go(prepared.claimed, forget=settled or not prepared.gate.opened)

    async def _unsent(self, delivery: LeasedDelivery, settled: Awaitable[None]) -> None:
        try:
            await settled
        finally:
            self._let_go(delivery, forget=True)

    def _let_go(self, delivery: LeasedDelivery, *, forget: bool) -> None:
        self._line.let_go(delivery, forget=forget)
        self._heavy -= delivery.size
        self._press.set()
        if self._parts.lanes.worth_claiming(delivery.lane):
            self._wake.set()
        if delivery.site in self._claims.saturated and not self._stopping.is_set():
            self._spawn(self._claims.unpark(delivery.site, self._parts.delivering.site_room(delivery.site)))

    async def _keeping(self) -> None:
        asked = self._parts.clock.monotonic()
        async with self._parts.database.session() as session:
            kept = await workers.renew(session, self._parts.lease.worker, lease_until(self._parts.clock.now()))
        if not kept or self._parts.lease.marks.revoked:
            log.error("lease lost: this worker was declared dead")
            self.stop()
            return
        self._parts.lease.renewed(asked)
        until = asked + HEARTBEAT.total_seconds()
        while self._parts.clock.monotonic() < until and not self._stopping.is_set():
            await self._claims.promote()
            if self._watch is not None:
                await self._watch.brakes.tick()
            await asyncio.sleep(PROMOTE)
        for site in list(self._claims.saturated):
            await self._claims.unpark(site, self._parts.delivering.site_room(site))
        await self._claims.adopt_parked()
