"""Telling one webhook endpoint: what is told next, how much at once, and what becomes of it.

An endpoint that answers well gets wider (two at once, then twice as many after each yes); one that fails is asked one thing at
a time, and after a rest. What fails or answers slowly has places of its own in the process (``Ways``), so that however many of
those there are, the places of the others stay free.

Known sharp edges: an endpoint takes brisk places until its first answer shows what it is, two at most.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from posthouse.model.clock import Clock
from posthouse.model.http import HttpResponse, NoAnswer
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import EndpointHealth, HealthChange, WaitingEvent, WebhookResult
from posthouse.model.webhook_event import EventFacts, public_event
from posthouse.net.entropy import Entropy
from posthouse.net.http.client import HttpClient
from posthouse.pipeline.batching import Batcher
from posthouse.policy.webhooks import ORDERED_TRIES, NextTry, WebhookAnswer, next_step
from posthouse.sinks.registry import SINKS
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.webhooks import endpoint_queue, endpoints
from posthouse.telemetry import metrics

NARROW: Final = 2
WIDEST: Final = 16
BUFFER: Final = 64
SLOW_MS: Final = 1000.0
SHOWN: Final = 1000
IDLE: Final = timedelta(seconds=20)
ENVIRONMENTS: Final = ("test", "live")


class ConcurrencyLimits:
    """How many requests one process makes at once: to endpoints that do well, and to those that fail or are slow."""

    def __init__(self, brisk: int = 256, slow: int = 128) -> None:
        """Nothing is under way."""
        self.brisk = asyncio.Semaphore(brisk)
        self.slow = asyncio.Semaphore(slow)


class WebhookParts(msgspec.Struct, frozen=True, kw_only=True):
    """``holder`` names this process in leases. ``settle``: what became of a try, with the endpoint's health where it changed."""

    database: Database
    sealer: Sealer
    client: HttpClient
    clock: Clock
    entropy: Entropy
    holder: UUID
    ways: ConcurrencyLimits
    settle: Batcher[tuple[WebhookResult, HealthChange | None], None]


class _Target(msgspec.Struct, frozen=True):
    """Where to and how, as it was when the buffer was filled."""

    kind: str
    url: str
    secrets: list[bytes]


class EndpointWorker:
    """One endpoint that this process holds. ``run`` returns when there was nothing to do for a while, or it is no longer ours."""

    def __init__(self, parts: WebhookParts, place: EndpointKey) -> None:
        """Nothing is read yet."""
        self._parts = parts
        self.place = place
        self._waiting: deque[WaitingEvent] = deque()
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self._changed, self._more = asyncio.Event(), True
        self._target: _Target | None = None
        self._health: EndpointHealth | None = None
        self._width, self._slow, self._over = NARROW, False, False

    def wake(self) -> None:
        """There may be something new."""
        self._more = True
        self._changed.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._over = True
        self._changed.set()

    async def run(self) -> None:
        """Tell what is due until there is nothing for a while. Errors: the store's."""
        try:
            while not self._over:
                self._changed.clear()
                await self._fill()
                pause = self._launch()
                if not await self._wait(pause) and not self._under_way and not self._waiting:
                    break
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way.values())

    async def _fill(self) -> None:
        """Read on where there may be more and little is left."""
        if not self._more or len(self._waiting) >= self._room():
            return
        self._more = False
        now = self._parts.clock.now()
        async with self._parts.database.session() as session:
            held = await endpoint_queue.held(session, self.place, self._parts.holder)
            if held is None:
                self._over = True
                self._waiting.clear()
                return
            self._health = self._health or held.health
            secrets = await endpoints.secrets(session, self._parts.sealer, self.place, now)
            self._target = _Target(held.kind, held.url, secrets)
            known = [*self._under_way, *(each.event for each in self._waiting)]
            found = await endpoint_queue.claim(
                session,
                self.place,
                now,
                known,
                BUFFER - len(self._waiting),
                failing=self._health.failures > 1,
                ordered_tries=ORDERED_TRIES,
            )
        self._waiting.extend(found)
        self._more = bool(found)

    def _room(self) -> int:
        """How many may be under way."""
        if self._health is not None and self._health.failures:
            return 1
        return self._width

    def _launch(self) -> float | None:
        """Begin what may begin; seconds until the endpoint's rest is over, None where it has none."""
        if self._target is None or self._health is None or self._over:
            return None
        rest = self._health.rest_until
        if rest is not None and (left := (rest - self._parts.clock.now()).total_seconds()) > 0:
            return left
        while self._waiting and len(self._under_way) < self._room():
            waiting = self._waiting.popleft()
            task = asyncio.create_task(self._tell(waiting, self._target))
            self._under_way[waiting.event] = task
            task.add_done_callback(self._ended(waiting.event))
        return None

    async def _wait(self, pause: float | None) -> bool:
        """For a change, the end of a rest, or long enough; False where nothing came."""
        if self._more and len(self._waiting) < self._room() and pause is None:
            return True
        try:
            await asyncio.wait_for(self._changed.wait(), min(pause or 1e9, IDLE.total_seconds()))
        except TimeoutError:
            return pause is not None
        return True

    def _ended(self, event: UUID) -> Callable[[asyncio.Task[None]], None]:
        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.pop(event, None)
            self._over = self._over or task.cancelled() or task.exception() is not None
            self.wake()

        return ended

    async def _tell(self, waiting: WaitingEvent, target: _Target) -> None:
        """One event, once, and what becomes of it."""
        clock = self._parts.clock
        if waiting.facts is None:  # no longer kept: there is nothing to tell
            await self._parts.settle.submit(
                (WebhookResult(waiting=waiting, over=True, due=None, id=waiting.event, at=clock.now()), None)
            )
            return
        async with self._parts.ways.slow if self._slow or self._room() == 1 else self._parts.ways.brisk:
            at = clock.now()
            event = public_event(waiting.facts, ENVIRONMENTS[self.place.environment])
            answer = await self._parts.client.send(SINKS[target.kind].encode(event, target.url, target.secrets, at))
        self._slow = answer.duration_ms > SLOW_MS
        result, verdict = self._judge(waiting, waiting.facts, answer, target.kind, at)
        await self._parts.settle.submit((result, verdict))

    def _judge(
        self, waiting: WaitingEvent, facts: EventFacts, answer: HttpResponse | NoAnswer, kind: str, at: datetime
    ) -> tuple[WebhookResult, HealthChange | None]:
        now, before = self._parts.clock.now(), self._health or EndpointHealth()
        heard = SINKS[kind].decode(answer, now)
        step = next_step(
            heard.heard, tries=waiting.tries + 1, wish=heard.wish, health=before, now=now, fraction=self._parts.entropy.fraction()
        )
        self._health = step.health
        self._width = min(self._width * 2, WIDEST) if step.told else NARROW
        if step.disable:
            self._over = True
            metrics.WEBHOOK_DISABLED.inc()
        metrics.WEBHOOK_TRIES.labels(heard.heard.value).inc()
        if step.told and not waiting.tries:
            metrics.WEBHOOK_LATENCY.observe(max(0.0, (now - facts.at).total_seconds()))
        verdict = HealthChange(step.health, step.disable) if step.health != before else None
        return self._result(waiting, answer, heard.heard, step, at, failing=before.failures > 1), verdict

    def _result(
        self,
        waiting: WaitingEvent,
        answer: HttpResponse | NoAnswer,
        heard: WebhookAnswer,
        step: NextTry,
        at: datetime,
        *,
        failing: bool,
    ) -> WebhookResult:
        reached = isinstance(answer, HttpResponse)
        return WebhookResult(
            waiting=waiting, over=step.told, due=step.due, id=self._parts.entropy.new_id(at), at=at,
            ordered=failing or waiting.tries + 1 < ORDERED_TRIES, duration_ms=answer.duration_ms, outcome=heard.value,
            status=answer.status if isinstance(answer, HttpResponse) else None,
            trouble=answer.reason.value if isinstance(answer, NoAnswer) else None,
            answer=_shown(answer.body if isinstance(answer, HttpResponse) else answer.text.encode()) if not step.told or reached else "",
        )  # fmt: skip


def _shown(answer: bytes) -> str:
    """The beginning of an answer as one line of harmless text: a tenant may see it, and it is a stranger's (S-17)."""
    text = answer[: 2 * SHOWN].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text)[:SHOWN].strip()
