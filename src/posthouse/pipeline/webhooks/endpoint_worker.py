"""Delivering to one webhook endpoint: which event is next, how many at once, and what follows from each answer.

An endpoint that answers well gets more at once (two, then twice as many after each success); one that fails gets one event at
a time, after a rest. Requests to endpoints that fail or are slow have a limit of their own in the process
(``ConcurrencyLimits``), so that however many of those there are, they leave room for the others.

Known sharp edges: a new endpoint counts as healthy until its first answer, two requests at most.
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
from posthouse.pipeline.webhooks.settlement import WebhookSettlement
from posthouse.policy.webhooks import ORDERED_TRIES, DecodedAnswer, NextAttempt, next_attempt
from posthouse.sinks.registry import SINKS
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.webhooks import endpoint_queue, endpoints
from posthouse.telemetry import metrics

INITIAL_CONCURRENCY: Final = 2
MOST_CONCURRENCY: Final = 16
BUFFER: Final = 64
SLOW_MS: Final = 1000.0
SHOWN_CHARACTERS: Final = 1000
IDLE: Final = timedelta(seconds=20)
ENVIRONMENTS: Final = ("test", "live")
_NO_TIMEOUT: Final = 1e9  # seconds


class ConcurrencyLimits:
    """How many requests one process makes at once: to endpoints that do well, and to those that fail or are slow."""

    def __init__(self, healthy: int = 256, slow: int = 128) -> None:
        self.healthy = asyncio.Semaphore(healthy)
        self.slow = asyncio.Semaphore(slow)


class WebhookParts(msgspec.Struct, frozen=True, kw_only=True):
    """``holder`` names this process in leases. ``settle`` writes down what an attempt came to."""

    database: Database
    sealer: Sealer
    client: HttpClient
    clock: Clock
    entropy: Entropy
    holder: UUID
    limits: ConcurrencyLimits
    settle: Batcher[WebhookSettlement, None]


class _Target(msgspec.Struct, frozen=True):
    """Where to and how, as it was when the buffer was filled."""

    kind: str
    url: str
    secrets: list[bytes]


class _Attempt(msgspec.Struct, frozen=True):
    """An attempt that was made: from when to when, what came back and what it means."""

    at: datetime
    ended_at: datetime
    answer: HttpResponse | NoAnswer
    decoded: DecodedAnswer


class EndpointWorker:
    """One endpoint that this process leases. ``run`` returns when there was nothing to do for a while, or the lease was lost."""

    def __init__(self, parts: WebhookParts, key: EndpointKey) -> None:
        self._parts = parts
        self.key = key
        self._waiting: deque[WaitingEvent] = deque()
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._may_have_more = True
        self._target: _Target | None = None
        self._health: EndpointHealth | None = None
        self._concurrency = INITIAL_CONCURRENCY
        self._is_slow = False
        self._stopped = False

    def wake(self) -> None:
        """There may be something new."""
        self._may_have_more = True
        self._changed.set()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True
        self._changed.set()

    async def run(self) -> None:
        """Deliver what is due until there is nothing for a while. Errors: the store's."""
        try:
            while not self._stopped:
                self._changed.clear()
                await self._fill()
                rest = self._launch()
                if not await self._wait(rest) and not self._under_way and not self._waiting:
                    break
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way.values())

    async def _fill(self) -> None:
        """Claim further events where there may be some and few are left."""
        if not self._may_have_more or len(self._waiting) >= self._limit():
            return
        self._may_have_more = False
        now = self._parts.clock.now()
        async with self._parts.database.session() as session:
            endpoint = await endpoint_queue.get_leased(session, self.key, self._parts.holder)
            if endpoint is None:
                self._stopped = True
                self._waiting.clear()
                return
            # Only the first look counts: from then on this process decides, and the store learns of it in batches.
            self._health = self._health or endpoint.health
            secrets = await endpoints.secrets(session, self._parts.sealer, self.key, now)
            self._target = _Target(endpoint.kind, endpoint.url, secrets)
            known = [*self._under_way, *(waiting.event for waiting in self._waiting)]
            claimed = await endpoint_queue.claim(
                session,
                self.key,
                now,
                known,
                BUFFER - len(self._waiting),
                failing=self._health.failures > 1,
                ordered_tries=ORDERED_TRIES,
            )
        self._waiting.extend(claimed)
        self._may_have_more = bool(claimed)

    def _limit(self) -> int:
        """How many requests may be under way."""
        if self._health is not None and self._health.failures:
            return 1
        return self._concurrency

    def _launch(self) -> float | None:
        """Begin what may begin; seconds until the endpoint's rest is over, None where it has none."""
        if self._target is None or self._health is None or self._stopped:
            return None
        rest_until = self._health.rest_until
        if rest_until is not None and (left := (rest_until - self._parts.clock.now()).total_seconds()) > 0:
            return left
        while self._waiting and len(self._under_way) < self._limit():
            waiting = self._waiting.popleft()
            task = asyncio.create_task(self._deliver(waiting, self._target))
            self._under_way[waiting.event] = task
            task.add_done_callback(self._when_ended(waiting.event))
        return None

    async def _wait(self, rest: float | None) -> bool:
        """For a change, the end of a rest, or long enough; False where nothing came."""
        if self._may_have_more and len(self._waiting) < self._limit() and rest is None:
            return True
        try:
            await asyncio.wait_for(self._changed.wait(), min(rest or _NO_TIMEOUT, IDLE.total_seconds()))
        except TimeoutError:
            return rest is not None
        return True

    def _when_ended(self, event: UUID) -> Callable[[asyncio.Task[None]], None]:
        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.pop(event, None)
            self._stopped = self._stopped or task.cancelled() or task.exception() is not None
            self.wake()

        return ended

    async def _deliver(self, waiting: WaitingEvent, target: _Target) -> None:
        """One attempt, and what follows from it."""
        clock = self._parts.clock
        if waiting.facts is None:  # the event is no longer stored: there is nothing to deliver
            result = WebhookResult(waiting=waiting, over=True, due=None, id=waiting.event, at=clock.now())
            await self._parts.settle.submit(WebhookSettlement(result))
            return
        limits, sink = self._parts.limits, SINKS[target.kind]
        async with limits.slow if self._is_slow or self._limit() == 1 else limits.healthy:
            at = clock.now()
            event = public_event(waiting.facts, ENVIRONMENTS[self.key.environment])
            answer = await self._parts.client.send(sink.encode(event, target.url, target.secrets, at))
        self._is_slow = answer.duration_ms > SLOW_MS
        ended_at = clock.now()
        attempt = _Attempt(at, ended_at, answer, sink.decode(answer, ended_at))
        await self._parts.settle.submit(self._conclude(waiting, waiting.facts, attempt))

    def _conclude(self, waiting: WaitingEvent, facts: EventFacts, attempt: _Attempt) -> WebhookSettlement:
        """What follows for the event and for the endpoint, which this worker obeys from now on."""
        now, before = attempt.ended_at, self._health or EndpointHealth()
        step = next_attempt(
            attempt.decoded,
            attempts=waiting.tries + 1,
            health=before,
            now=now,
            fraction=self._parts.entropy.fraction(),
        )
        self._health = step.health
        self._concurrency = min(self._concurrency * 2, MOST_CONCURRENCY) if step.delivered else INITIAL_CONCURRENCY
        if step.disable:
            self._stopped = True
            metrics.WEBHOOK_DISABLED.inc()
        metrics.WEBHOOK_TRIES.labels(attempt.decoded.meaning.value).inc()
        if step.delivered and not waiting.tries:
            metrics.WEBHOOK_LATENCY.observe(max(0.0, (now - facts.at).total_seconds()))
        change = HealthChange(step.health, step.disable) if step.health != before else None
        return WebhookSettlement(self._result(waiting, attempt, step, failing=before.failures > 1), change)

    def _result(self, waiting: WaitingEvent, attempt: _Attempt, step: NextAttempt, *, failing: bool) -> WebhookResult:
        """``failing``: the endpoint was before; its events keep their order however often they fail."""
        answer = attempt.answer
        response = answer if isinstance(answer, HttpResponse) else None
        text = answer.text.encode() if isinstance(answer, NoAnswer) else answer.body
        return WebhookResult(
            waiting=waiting,
            over=step.delivered,
            due=step.due,
            id=self._parts.entropy.new_id(attempt.at),
            at=attempt.at,
            ordered=failing or waiting.tries + 1 < ORDERED_TRIES,
            duration_ms=answer.duration_ms,
            outcome=attempt.decoded.meaning.value,
            status=None if response is None else response.status,
            trouble=answer.reason.value if isinstance(answer, NoAnswer) else None,
            answer=_as_one_line(text),
        )


def _as_one_line(answer: bytes) -> str:
    """The beginning of an answer as one line of harmless text: a tenant may see it, and a stranger wrote it (S-17)."""
    text = answer[: 2 * SHOWN_CHARACTERS].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)[:SHOWN_CHARACTERS].strip()
