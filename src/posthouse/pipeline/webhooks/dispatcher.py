"""Events to webhook endpoints: read once, in order, and told by one teller an endpoint (W1).

Three loops share an event loop. *Gathering* turns new events into what waits for each endpoint that wants them; it asks once a
second, cheaply, while nobody listens. *Watching* takes endpoints with something due that nobody holds, and starts their
tellers. *Keeping* renews leases and gives up those that were lost. Any number of processes may do this at once.

A process that is killed has its endpoints taken over when its leases run out; what it had told and not settled is told again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.event import EventType
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import HealthChange, WebhookResult
from posthouse.net.entropy import Entropy
from posthouse.pipeline.webhooks.endpoint_worker import EndpointWorker, WebhookParts
from posthouse.policy.webhooks import ORDERED_TRIES
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database, Session, is_unavailable
from posthouse.store.webhooks import endpoint_queue, endpoints, settle
from posthouse.telemetry import metrics

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=6)
RENEW: Final = 2.0
WATCH: Final = 1.0
UNHEARD: Final = 1.0
QUIET: Final = 0.2
BUSY: Final = 0.02
AT_ONCE: Final = 500
MOST_ENDPOINTS: Final = 1000
HOUSEKEEPING: Final = timedelta(hours=1)
TROUBLE: Final = 0.5
SettledTry = tuple[WebhookResult, HealthChange | None]


class WebhookDispatcher:
    """``run`` until told to stop; ``wake`` when something may have happened."""

    def __init__(self, parts: WebhookParts) -> None:
        """Nothing is held yet."""
        self._parts = parts
        self._tellers: dict[EndpointKey, EndpointWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._kept_house: datetime | None = None

    def wake(self, _: str = "") -> None:
        """Look at once."""
        self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Gather, watch, keep; at the end, let what is under way finish and give the endpoints back."""
        loops = [asyncio.create_task(self._forever(work)) for work in (self._gather, self._watch, self._keep)]
        await stop.wait()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for teller in self._tellers.values():
            teller.stop()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._parts.settle.drain()

    async def _forever(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception as error:  # a loop outlives the database's absence and its own bugs
                if not is_unavailable(error):
                    log.exception("fan-out failed")
                await asyncio.sleep(TROUBLE)

    async def _gather(self) -> None:
        self._news.clear()
        found = await endpoint_queue.news(self._parts.database)
        if not found:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), UNHEARD if found is None else QUIET)
            if found is None:
                await asyncio.sleep(BUSY)
            return
        count, places = await endpoint_queue.gather(
            self._parts.database, self._parts.clock.now(), AT_ONCE, ordered_tries=ORDERED_TRIES
        )
        metrics.WEBHOOK_GATHERED.inc(count)
        await self._rouse(places)
        if count < AT_ONCE:
            await asyncio.sleep(BUSY)

    async def _watch(self) -> None:
        parts, now = self._parts, self._parts.clock.now()
        if self._kept_house is None or now - self._kept_house >= HOUSEKEEPING:
            self._kept_house = now
            await settle.forget(parts.database, now)
        await self._rouse(await endpoint_queue.ready(parts.database, parts.holder, now, MOST_ENDPOINTS))
        await asyncio.sleep(WATCH)

    async def _keep(self) -> None:
        await asyncio.sleep(RENEW)
        held = list(self._tellers)
        if held:
            until = self._parts.clock.now() + LEASE
            ours = await endpoint_queue.renew(self._parts.database, self._parts.holder, held, until)
            for place in held:
                if place not in ours and place in self._tellers:
                    self._tellers[place].stop()

    async def _rouse(self, places: Sequence[EndpointKey]) -> None:
        """Wake the tellers of these endpoints; take those that nobody holds."""
        for place in places:
            if place in self._tellers:
                self._tellers[place].wake()
        free = [place for place in places if place not in self._tellers][: max(0, MOST_ENDPOINTS - len(self._tellers))]
        if not free:
            return
        now = self._parts.clock.now()
        for place in await endpoint_queue.take(self._parts.database, self._parts.holder, free, now, now + LEASE):
            if place not in self._tellers:
                self._start(place)

    def _start(self, place: EndpointKey) -> None:
        teller = self._tellers[place] = EndpointWorker(self._parts, place)
        task = asyncio.create_task(self._guarded(teller))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, teller: EndpointWorker) -> None:
        try:
            await teller.run()
        except Exception as error:  # one endpoint must not end the others
            if not is_unavailable(error):
                log.exception("endpoint failed", endpoint=ids.text("whk", teller.place.id))
            await asyncio.sleep(TROUBLE)
        try:
            await endpoint_queue.release(self._parts.database, self._parts.holder, [teller.place])
        except Exception as error:  # its lease runs out by itself
            log.info("endpoint not given back", error=type(error).__name__)
        self._tellers.pop(teller.place, None)


def settling(
    database: Database, holder: UUID, clock: Clock, entropy: Entropy
) -> Callable[[list[SettledTry]], Awaitable[list[None]]]:
    """What writes a batch of results, and tells of endpoints that were switched off by it; waits while the database is away."""

    async def write(batch: list[SettledTry]) -> list[None]:
        verdicts = {result.waiting.place: verdict for result, verdict in batch if verdict is not None}
        while True:
            try:
                async with database.transaction() as session:
                    now = clock.now()
                    off = await settle.settle(session, holder, [result for result, _ in batch], verdicts, now)
                    for place in off:
                        await _alert(session, place, verdicts[place].why, entropy, now)
                return [None] * len(batch)
            except Exception as error:
                if not is_unavailable(error):
                    raise
            await asyncio.sleep(TROUBLE)

    return write


async def _alert(session: Session, place: EndpointKey, why: str, entropy: Entropy, now: datetime) -> None:
    """Operations hear of an endpoint that was switched off, by an event like any other."""
    name = ids.text("whk", place.id)
    found = await endpoints.one_over(session, place)
    data = {"endpointId": name, "host": urlsplit(found.url).hostname if found else None, "reason": why}
    await events.append(
        session, place.tenant, place.environment, entropy.new_id(now), EventType.ALERT_WEBHOOK_DISABLED.value, now, data
    )
    log.warning("webhook endpoint switched off", endpoint=name, reason=why)
