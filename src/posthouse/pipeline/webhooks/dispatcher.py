"""Events to webhook endpoints: read once, in order, and delivered by one worker an endpoint (W1).

Three loops share an event loop. *Gathering* turns new events into rows for each endpoint that subscribes to them; while there
is no endpoint it only looks, once a second. *Watching* leases endpoints that have something due and no holder, and starts
their workers. *Renewing* extends the leases and stops the workers of those that were lost. Any number of processes may do
this at once.

When a process is killed, others take its endpoints over once its leases run out; what it had delivered and not settled is
delivered again.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from posthouse.model import ids
from posthouse.model.keys import EndpointKey
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert
from posthouse.pipeline.loops import run_until, wait_at_most
from posthouse.pipeline.webhooks.endpoint_worker import EndpointWorker, WebhookParts
from posthouse.policy.alerts import webhooks_behind
from posthouse.policy.webhooks import ORDERED_TRIES
from posthouse.store.postgres.database import is_unavailable
from posthouse.store.webhooks import endpoint_queue, settle
from posthouse.telemetry import metrics

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=6)
RENEW_SECONDS: Final = 2.0
WATCH_SECONDS: Final = 1.0
NO_ENDPOINT_SECONDS: Final = 1.0
QUIET_SECONDS: Final = 0.2
BUSY_SECONDS: Final = 0.02
FAILURE_PAUSE: Final = 0.5  # seconds
GATHER_LIMIT: Final = 500
MOST_ENDPOINTS: Final = 1000
HOUSEKEEPING: Final = timedelta(hours=1)


class WebhookDispatcher:
    """``run`` until told to stop; ``wake`` when something may have happened."""

    def __init__(self, parts: WebhookParts) -> None:
        self._parts = parts
        self._workers: dict[EndpointKey, EndpointWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._housekeeping_at: datetime | None = None

    def wake(self, _: str = "") -> None:
        """Look for new events at once."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Gather, watch, renew; at the end, let what is under way finish and release the endpoints."""
        steps = {"gathering events": self._gather, "watching endpoints": self._watch, "renewing leases": self._renew}
        loops = [asyncio.create_task(run_until(stop, step, name=name, pause=FAILURE_PAUSE)) for name, step in steps.items()]
        await stop.wait()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for worker in self._workers.values():
            worker.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._parts.settle.drain()

    async def _gather(self) -> None:
        self._woken.clear()
        has_news = await endpoint_queue.has_news(self._parts.database)
        if has_news is None:  # no endpoint
            await wait_at_most(self._woken, NO_ENDPOINT_SECONDS)
            await asyncio.sleep(BUSY_SECONDS)  # NOTIFY comes with every message: do not look as often as that
            return
        if not has_news:
            await wait_at_most(self._woken, QUIET_SECONDS)
            return
        count, endpoint_keys = await endpoint_queue.gather(
            self._parts.database, self._parts.clock.now(), GATHER_LIMIT, ordered_tries=ORDERED_TRIES
        )
        metrics.WEBHOOK_GATHERED.inc(count)
        await self._wake_workers(endpoint_keys)
        if not count:  # what there is may not be read yet, because a transaction of ours is still open
            await asyncio.sleep(QUIET_SECONDS)
        elif count < GATHER_LIMIT:
            await asyncio.sleep(BUSY_SECONDS)

    async def _watch(self) -> None:
        parts, now = self._parts, self._parts.clock.now()
        if self._housekeeping_at is None or now - self._housekeeping_at >= HOUSEKEEPING:
            self._housekeeping_at = now
            await settle.forget(parts.database, now)
        await self._wake_workers(await endpoint_queue.find_ready(parts.database, parts.holder, now, MOST_ENDPOINTS))
        await self._measure_lag(now)
        await asyncio.sleep(WATCH_SECONDS)

    async def _measure_lag(self, now: datetime) -> None:
        """How far the cursor is behind; an alert where that is too far."""
        oldest = await endpoint_queue.oldest_unread(self._parts.database)
        lag = timedelta(0) if oldest is None else max(now - oldest[2], timedelta(0))
        metrics.WEBHOOK_LAG.set(lag.total_seconds())
        if oldest is None or lag <= webhooks_behind.BEHIND:
            return
        data = {"seconds": round(lag.total_seconds())}
        alert = NewAlert(rule=webhooks_behind.RULE, tenant=oldest[0], environment=oldest[1], data=data)
        async with self._parts.database.transaction() as session:
            if await raise_alert(session, alert, now, self._parts.entropy.new_id):
                log.warning("webhooks behind", seconds=data["seconds"])

    async def _renew(self) -> None:
        await asyncio.sleep(RENEW_SECONDS)
        leased = list(self._workers)
        if leased:
            until = self._parts.clock.now() + LEASE
            renewed = await endpoint_queue.renew(self._parts.database, self._parts.holder, leased, until)
            for key in leased:
                if key not in renewed and key in self._workers:
                    self._workers[key].stop()

    async def _wake_workers(self, endpoint_keys: Sequence[EndpointKey]) -> None:
        """Wake the workers of these endpoints; lease those that have none, and start theirs."""
        for key in endpoint_keys:
            if key in self._workers:
                self._workers[key].wake()
        room = max(0, MOST_ENDPOINTS - len(self._workers))
        free = [key for key in endpoint_keys if key not in self._workers][:room]
        if not free:
            return
        now = self._parts.clock.now()
        for key in await endpoint_queue.lease(self._parts.database, self._parts.holder, free, now, now + LEASE):
            if key not in self._workers:  # gathering and watching may have leased it in the same moment
                self._start(key)

    def _start(self, key: EndpointKey) -> None:
        worker = self._workers[key] = EndpointWorker(self._parts, key)
        task = asyncio.create_task(self._run_worker(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_worker(self, worker: EndpointWorker) -> None:
        try:
            await worker.run()
        except Exception as error:  # one endpoint must not end the others
            if not is_unavailable(error):
                log.exception("endpoint failed", endpoint=ids.text("whk", worker.key.id))
            await asyncio.sleep(FAILURE_PAUSE)
        try:
            await endpoint_queue.release(self._parts.database, self._parts.holder, [worker.key])
        except Exception as error:  # its lease runs out by itself
            log.info("endpoint not given back", error=type(error).__name__)
        self._workers.pop(worker.key, None)
