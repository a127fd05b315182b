"""A worker process: what it claims, in which order it sends, and how it ends.

Three loops share one event loop. *Claiming* fills the lanes' slots from the queue, fastest lane first. *Dispatching*
takes the most urgent leased delivery, prepares it (the processor's work) and starts it; it never keeps the event loop
longer than a slice, so an instant message that arrives meanwhile is next. The *heartbeat* renews the lease, promotes
due rows and reconciles after errors.

On stop: no more claims, what was not begun is released, what is on the wire may finish.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.delivery import IllegalTransition
from posthouse.model.queue import LeasedDelivery
from posthouse.model.stored_message import SealedContent
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.pipeline.deliver.claims import ENOUGH_WAITING, POLL_SECONDS, ClaimParts, Claims
from posthouse.pipeline.deliver.deliver import Deliverer, PreparedDelivery
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.lease import HEARTBEAT, Lease, lease_until
from posthouse.pipeline.deliver.ready_queue import ReadyQueue
from posthouse.pipeline.deliver.suppression_check import PreSendCheck
from posthouse.pipeline.loops import run_until, wait_at_most
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.queue import queue, workers

log = structlog.get_logger()

# Seconds, but for the last two.
PROMOTE_EVERY: Final = 0.5
SLICE: Final = 0.002
EAGER_HEAD_START: Final = 0.008  # workers that are not eager for a lane leave an arrival to those that are
SMALL_CLAIM_PAUSE: Final = 0.003  # after a small claim, so that the next one finds more than one delivery
NO_CAPACITY_PAUSE: Final = 0.05
ERROR_PAUSE: Final = 0.25
STEP_GRACE: Final = 2.0  # for a claim under way, when stopped
SMALL_CLAIM: Final = 16  # deliveries
MAX_BYTES_UNDER_WAY: Final = 64 * 1024 * 1024  # of content as it is stored (compressed)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WorkerParts(msgspec.Struct, frozen=True, kw_only=True):
    """``eager``: the lanes whose arrivals are claimed at once; for others the workers that are eager go first."""

    database: Database
    clock: Clock
    deliverer: Deliverer
    check: PreSendCheck
    brakes: BounceBrakes
    lease: Lease
    lanes: Lanes
    eager: frozenset[int]


class Worker:
    """One process's loops. ``run`` returns when stopped or when the lease is lost."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._ready = ReadyQueue(parts.lanes)
        # ``arrived``: there may be something to claim. ``startable``: there may be something to start, or capacity for it.
        self._arrived, self._startable, self._stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._claims = Claims(
            ClaimParts(
                database=parts.database,
                clock=parts.clock,
                lease=parts.lease,
                lanes=parts.lanes,
                ready=self._ready,
                check=parts.check,
                arrived=self._arrived,
                claimed=self._startable,
            )
        )
        self._head_start: asyncio.TimerHandle | None = None
        self._bytes_under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def on_notification(self, payload: str) -> None:
        """A NOTIFY: earlier arrivals."""
        try:
            heads = queue.read_notification(payload, EPOCH)
        except ValueError:
            return
        if not self._parts.lanes.lower_watermarks(heads):
            return
        if any(head.lane in self._parts.eager for head in heads):
            self._arrived.set()
        elif self._head_start is None:
            self._head_start = asyncio.get_running_loop().call_later(EAGER_HEAD_START, self._end_head_start)

    def on_gap(self) -> None:
        """NOTIFYs may have been missed, because the listener was not connected or the database away: look in every lane now."""
        self._claims.poll_soon()
        self._arrived.set()

    def stop(self) -> None:
        """Claim no more and come to an end."""
        self._stopping.set()
        self._arrived.set()
        self._startable.set()

    async def run(self, grace: timedelta) -> None:
        """Work until ``stop``, then release what was not begun and wait at most ``grace`` for the rest."""
        steps = {"claim": self._claim, "dispatch": self._dispatch, "heartbeat": self._heartbeat}
        loops = [
            asyncio.create_task(run_until(self._stopping, step, name=name, pause=ERROR_PAUSE, on_away=self.on_gap))
            for name, step in steps.items()
        ]
        await self._stopping.wait()
        await self._end_loops(loops)
        not_begun = self._ready.drain()
        if not_begun:
            with contextlib.suppress(OSError):
                await self._claims.release(not_begun)
        if self._tasks:
            await self._wait_for_replies(grace)

    async def _end_loops(self, loops: list[asyncio.Task[None]]) -> None:
        """A claim that has begun comes to its end, or what it leased would have to be taken back from us."""
        await asyncio.wait(loops, timeout=STEP_GRACE)
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)

    async def _wait_for_replies(self, grace: timedelta) -> None:
        """The lease is renewed meanwhile: whoever thought this worker lost would take back what is about to be answered."""
        renewing = asyncio.create_task(run_until(asyncio.Event(), self._renew_and_pause, name="last replies", pause=ERROR_PAUSE))
        await asyncio.wait(self._tasks, timeout=grace.total_seconds())
        renewing.cancel()

    async def _renew_and_pause(self) -> None:
        await self._renew_lease()
        await asyncio.sleep(HEARTBEAT.total_seconds())

    def _end_head_start(self) -> None:
        self._head_start = None
        self._arrived.set()

    # --- claiming ---

    async def _claim(self) -> None:
        # Cleared before looking: what arrives while we look sets it again and is not missed.
        self._arrived.clear()
        await self._claims.reconcile()
        claimed = await self._claims.claim()
        if not claimed and not self._arrived.is_set():
            await wait_at_most(self._arrived, POLL_SECONDS / 4)
        elif claimed < SMALL_CLAIM:
            await asyncio.sleep(SMALL_CLAIM_PAUSE)
        await self._claims.poll()

    # --- dispatching ---

    async def _dispatch(self) -> None:
        if not self._ready or not self._parts.lease.is_valid():
            await self._wait_startable(POLL_SECONDS)
            return
        started = self._parts.clock.monotonic()
        while self._ready and self._parts.clock.monotonic() - started < SLICE:
            if not await self._dispatch_one():
                return
            if self._claims.is_claiming:
                break  # each answer of the database is one turn of the event loop: do not make it wait
        await asyncio.sleep(0)

    async def _dispatch_one(self) -> bool:
        """Start the most urgent delivery that can start; False where none can."""
        taken = self._ready.take(self._can_start)
        if taken is None:
            await self._wait_for_capacity(self._ready.peek())
            return False
        delivery, sealed = taken
        if self._ready.waiting_before(delivery.lane) == ENOUGH_WAITING // 2:
            self._arrived.set()
        self._bytes_under_way += delivery.size
        await self._start(delivery, sealed)
        return True

    async def _start(self, delivery: LeasedDelivery, sealed: SealedContent | None) -> None:
        """Send it, or end it unsent where that is no longer wanted or possible."""
        deliverer = self._parts.deliverer
        if self._parts.clock.now() >= delivery.expires_at:
            self._spawn(self._end_unsent(delivery, deliverer.expire(delivery)))
            return
        verdict = self._parts.check.take_verdict(delivery)
        if verdict is not None:
            self._spawn(self._end_unsent(delivery, deliverer.withhold(delivery, verdict)))
            return
        try:
            sealed = sealed or await self._claims.fetch_content(delivery)
            if sealed is None:
                self._spawn(self._end_unsent(delivery, deliverer.expire_without_content(delivery)))
            else:
                keys = await deliverer.keys(delivery)
                self._spawn(self._send(deliverer.prepare(delivery, sealed, keys)))
        except Exception as error:  # a message that cannot be built must not stop its neighbours
            if is_unavailable(error):
                self._claims.uncertain = True  # reconciliation releases it
                self._finish(delivery, forget=True)
                raise
            self._spawn(self._end_unsent(delivery, deliverer.fail_to_build(delivery, error)))

    def _can_start(self, delivery: LeasedDelivery) -> bool:
        """Its route has capacity, and this process memory for it."""
        if self._bytes_under_way and self._bytes_under_way + delivery.size > MAX_BYTES_UNDER_WAY:
            return False
        return self._parts.deliverer.route(delivery).transport.capacity(delivery.site) > 0

    async def _wait_for_capacity(self, delivery: LeasedDelivery) -> None:
        """A saturated site is parked, so that others go on; where it is the route or the memory that is full, wait."""
        route = self._parts.deliverer.route(delivery)
        if route.per_site and route.transport.capacity(delivery.site) <= 0:
            await self._claims.park(delivery.site)
            return
        await self._wait_startable(NO_CAPACITY_PAUSE)

    async def _wait_startable(self, seconds: float) -> None:
        self._startable.clear()
        await wait_at_most(self._startable, seconds)

    # --- a delivery under way ---

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guard(coroutine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except IllegalTransition as refused:  # a bug: it stays leased, see pipeline.deliver.conclusion
            log.exception("transition refused", before=refused.before.value, after=refused.after.value)
        except Exception as error:  # what nothing left of is released by reconciliation, the rest is taken back by its mark
            self._claims.uncertain = True
            log.warning("delivery not settled", error=type(error).__name__)

    async def _send(self, prepared: PreparedDelivery) -> None:
        forget = False
        try:
            if not await self._parts.deliverer.send(prepared):
                await self._claims.release([prepared.delivery])
            forget = True
        except IllegalTransition:
            raise
        except BaseException:
            # A lease that is forgotten is released and tried again: only where nothing can have left.
            forget = not prepared.gate.is_open
            raise
        finally:
            self._finish(prepared.delivery, forget=forget)

    async def _end_unsent(self, delivery: LeasedDelivery, ending: Awaitable[None]) -> None:
        forget = True
        try:
            await ending
        except IllegalTransition:
            forget = False  # forgotten, it would be released, claimed and refused again without end
            raise
        finally:
            self._finish(delivery, forget=forget)

    def _finish(self, delivery: LeasedDelivery, *, forget: bool) -> None:
        """Its slot, its memory and its share of the site are free."""
        self._ready.finish(delivery, forget=forget)
        self._bytes_under_way -= delivery.size
        self._startable.set()
        if self._parts.lanes.should_claim(delivery.lane):
            self._arrived.set()
        if delivery.site in self._claims.saturated and not self._stopping.is_set():
            self._spawn(self._claims.unpark(delivery.site, self._parts.deliverer.site_capacity(delivery.site)))

    # --- heartbeat ---

    async def _renew_lease(self) -> float | None:
        """When the renewal was requested; None where this worker was declared dead."""
        requested_at = self._parts.clock.monotonic()
        async with self._parts.database.session() as session:
            renewed = await workers.renew(session, self._parts.lease.worker, lease_until(self._parts.clock.now()))
        if not renewed or self._parts.lease.marks.revoked:
            log.error("lease lost: this worker was declared dead")
            self.stop()
            return None
        self._parts.lease.extend(requested_at)
        return requested_at

    async def _heartbeat(self) -> None:
        requested_at = await self._renew_lease()
        if requested_at is None:
            return
        until = requested_at + HEARTBEAT.total_seconds()
        while self._parts.clock.monotonic() < until and not self._stopping.is_set():
            await self._claims.promote()
            await self._parts.brakes.tick()
            await wait_at_most(self._stopping, PROMOTE_EVERY)
        for site in list(self._claims.saturated):
            await self._claims.unpark(site, self._parts.deliverer.site_capacity(site))
        await self._claims.adopt_parked()
