"""Intake: from a request to a durable message, or a rejection that says why.

Resolved by policy, rendered (accepted means renderable), made into the very bytes that will be sent, sealed,
and committed together with whatever else arrived meanwhile. The 202 or 250 comes after the commit. A dedupe
key is decided by the database's unique key; the loser is answered with the winner's reply, or told of the conflict.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.explanation import Explanation
from posthouse.model.message_row import MessageRow
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.model.send_request import Accepted, Caller, Rejection, SendRequest
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.draft import Draft, MessageBuilder
from posthouse.pipeline.accept.explain import explanation
from posthouse.pipeline.accept.suppression import SuppressionFacts
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.batching import Batcher
from posthouse.policy.accept import dedupe
from posthouse.policy.accept.dedupe import DedupeVerdict
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database, is_disk_full, is_unavailable
from posthouse.telemetry import metrics

log = structlog.get_logger()

RETRY_AFTER: Final = 2
FAST_ROWS: Final = 200
SLOW_ROWS: Final = 32
SLICE: Final = 4  # of a batch, after which whoever sends one message goes first
COURTESY: Final = 0.010  # seconds a slice waits for them at most
_TRIES: Final = 4


class StoreUnavailable(Exception):
    """The message is not stored and nothing of it is; ``retry_after`` in seconds."""

    def __init__(self, *, disk_full: bool = False) -> None:
        """``disk_full``: the database has no room."""
        super().__init__("the database cannot store messages now")
        self.retry_after = RETRY_AFTER
        self.disk_full = disk_full


class AcceptParts(msgspec.Struct, frozen=True, kw_only=True):
    """``announce`` tells the workers; it is called after each commit and must not wait."""

    database: Database
    clock: Clock
    entropy: Entropy
    composer: MessageBuilder
    announce: "Announcer"


class Announcer:
    """What is told to workers after a commit; replaced by app with one that sends NOTIFY, coalesced."""

    def __call__(self, heads: Sequence[FlowHead]) -> None:
        """Nobody listens."""


class Intake:
    """One per process; all doors of the process share its commits."""

    def __init__(self, parts: AcceptParts) -> None:
        """Nothing is open between calls but the batch being written."""
        self._parts = parts
        self._fast: Batcher[MessageRow, bool] = Batcher(self._write, fails_together=_fails_together, limit=FAST_ROWS)
        self._slow: Batcher[MessageRow, bool] = Batcher(self._write, fails_together=_fails_together, limit=SLOW_ROWS)
        self._singles = 0
        self._calm = asyncio.Event()

    @property
    def facts(self) -> TenantFacts:
        """What is remembered of tenants, for whoever changes it in this process."""
        return self._parts.composer.facts

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """Take one message. Errors: StoreUnavailable."""
        self._singles += 1
        self._calm.clear()
        try:
            return await self._accept(caller, request)
        finally:
            self._singles -= 1
            if not self._singles:
                self._calm.set()

    async def _accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        now = self._parts.clock.now()
        drafted = await self._draft(caller, request, now)
        if isinstance(drafted, Rejection):
            metrics.REJECTED.labels(caller.door, drafted.code).inc()
            return drafted
        await self._tell_of_lockouts(drafted)
        return await self._commit(caller, drafted, now)

    async def explain(self, caller: Caller, request: SendRequest) -> tuple[Accepted, Explanation] | Rejection:
        """Everything but the send: the answer it would get now, and why. Nothing is kept. Errors: StoreUnavailable."""
        now = self._parts.clock.now()
        drafted = await self._draft(caller, request, now)
        if isinstance(drafted, Rejection):
            return drafted
        try:
            again = await self._asked_before(drafted.row, now) if drafted.row.dedupe_key is not None else None
        except Exception as error:
            raise translated(error) from error
        answer = again or drafted.accepted
        if isinstance(answer, Rejection):
            return answer
        return answer, explanation(drafted, caller, self._parts.composer.routes)

    async def accept_many(self, caller: Caller, requests: Sequence[SendRequest | Rejection]) -> list[Accepted | Rejection]:
        """Take many; each stands for itself, the answers are in order. Errors: StoreUnavailable, where none could be stored."""
        answers: list[Accepted | Rejection | None] = [None] * len(requests)
        begun: list[tuple[int, Draft, asyncio.Future[bool] | None]] = []
        now, keys = self._parts.clock.now(), set[str]()
        known = await self._known(caller, [request for request in requests if isinstance(request, SendRequest)])
        for index, request in enumerate(requests):
            if index % SLICE == SLICE - 1:
                await self.give_way()
            drafted = request if isinstance(request, Rejection) else await self._draft(caller, request, now, known)
            if isinstance(drafted, Rejection):
                answers[index] = drafted
                continue
            await self._tell_of_lockouts(drafted)
            key = drafted.row.dedupe_key
            begun.append((index, drafted, None if key in keys else self._put(drafted.row)))
            keys.update([key] if key else [])
        lost = 0
        for index, drafted, future in begun:
            try:
                answer = None if future is None else await self._answer(caller, drafted, await _result(future), now)
                answers[index] = answer or await self._commit(caller, drafted, now)
            except StoreUnavailable as away:
                answers[index], lost = Rejection("unavailable", str(away), retry_after=away.retry_after), lost + 1
        if begun and lost == len(begun):
            raise StoreUnavailable
        return [answer for answer in answers if answer is not None]

    async def give_way(self) -> None:
        """Whoever sends one message does not wait for somebody's batch: each of its many turns would be a slice long."""
        await asyncio.sleep(0)
        if self._singles:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(COURTESY):
                    await self._calm.wait()

    async def drain(self) -> None:
        """Finish what is being written."""
        await self._fast.drain()
        await self._slow.drain()

    def _put(self, row: MessageRow) -> "asyncio.Future[bool]":
        """Fast lanes have commits of their own, so that a code never waits for a batch of newsletters to be written."""
        return (self._fast if row.lane <= Lane.PROMPT else self._slow).submit(row)

    async def _known(self, caller: Caller, requests: Sequence[SendRequest]) -> SuppressionFacts:
        """What the suppression lists say of a whole batch."""
        try:
            return await self._parts.composer.known(caller, requests)
        except Exception as error:
            raise translated(error) from error

    async def _tell_of_lockouts(self, drafted: Draft) -> None:
        """Before the commit, so that what is answered as not taken was not taken."""
        if drafted.alarms:
            try:
                await self._parts.composer.tell_of_lockouts(drafted)
            except Exception as error:
                raise translated(error) from error

    async def _draft(
        self, caller: Caller, request: SendRequest, now: datetime, known: SuppressionFacts | None = None
    ) -> "Draft | Rejection":
        try:
            return await self._parts.composer.draft(caller, request, now, known)
        except Exception as error:
            raise translated(error) from error

    async def _commit(self, caller: Caller, drafted: Draft, now: datetime) -> Accepted | Rejection:
        for _ in range(_TRIES):
            answer = await self._answer(caller, drafted, await _result(self._put(drafted.row)), now)
            if answer is not None:
                return answer
        raise StoreUnavailable

    async def _answer(self, caller: Caller, drafted: Draft, taken: bool, now: datetime) -> Accepted | Rejection | None:
        """The reply; None where the key came free meanwhile and another try is due."""
        if taken:
            metrics.ACCEPTED.labels(caller.door, drafted.admission.type.built_in).inc()
            for delivery in drafted.accepted.deliveries:
                if delivery.reason is not None:
                    metrics.SUPPRESSED.labels(delivery.reason, "intake").inc()
            return drafted.accepted
        again = await self._asked_before(drafted.row, now, free=True)
        if isinstance(again, Accepted):
            metrics.DUPLICATES.labels(caller.door).inc()
        return again

    async def _asked_before(self, row: MessageRow, now: datetime, *, free: bool = False) -> Accepted | Rejection | None:
        """What the holder of a row's key makes of it; None where it may be used. ``free``: and take it from a holder that is done."""
        key = row.dedupe_key or ""
        async with self._parts.database.session() as session:
            holder = await accept.holder(session, row.tenant, row.environment, key)
            verdict = dedupe.judge(holder, row.fingerprint, now)
            if holder is None or verdict is DedupeVerdict.NEW:
                if holder is not None and free:
                    await accept.free_key(session, row.tenant, row.environment, key, holder.message)
                return None
        if verdict is DedupeVerdict.CONFLICT:
            return Rejection("idempotency_conflict", f"the key {key!r} was used for a message with other content")
        first = msgspec.convert(holder.reply, Accepted)
        return msgspec.structs.replace(first, duplicate=True)

    async def _write(self, rows: list[MessageRow]) -> list[bool]:
        """One commit for all; of rows with one key the first counts, the others ask again."""
        first, seen = [], set()
        for row in rows:
            key = (row.tenant, row.environment, row.dedupe_key)
            if row.dedupe_key is None or key not in seen:
                first.append(row)
                seen.add(key)
        async with self._parts.database.session() as session:
            taken = await accept.accept(session, first, self._parts.clock.now(), self._parts.entropy.new_id)
        metrics.COMMITS.inc()
        self._parts.announce(accept.heads(first, taken))
        return [row.id in taken for row in rows]


async def _result(future: "asyncio.Future[bool]") -> bool:
    try:
        return await future
    except Exception as error:
        raise translated(error) from error


def _fails_together(error: BaseException) -> bool:
    return is_unavailable(error) or is_disk_full(error)


def translated(error: BaseException) -> BaseException:
    """What a door is told of trouble with the database: StoreUnavailable where it is away or full, else the trouble itself."""
    if is_disk_full(error):
        return StoreUnavailable(disk_full=True)
    return StoreUnavailable() if is_unavailable(error) else error
