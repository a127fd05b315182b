"""Intake: from a request to a durable message, or a rejection that says why.

Admitted by policy, rendered (accepted means renderable), made into the very bytes that will be sent, sealed (all that is
``draft``), and committed together with whatever else arrived meanwhile. The 202 or 250 comes after the commit. A dedupe
key is decided by the database's unique key; the loser is answered with the winner's reply, or with the conflict.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.explanation import Explanation
from posthouse.model.message_row import MessageRow
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.model.send_request import Accepted, Caller, Rejection, SendRequest
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.explain import explain
from posthouse.pipeline.accept.row import Draft
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.batching import Batcher
from posthouse.policy.accept import dedupe
from posthouse.policy.accept.dedupe import DedupeVerdict
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database, is_disk_full, is_unavailable
from posthouse.telemetry import metrics

log = structlog.get_logger()
T = TypeVar("T")
NotifyWorkers = Callable[[Sequence[FlowHead]], None]

RETRY_AFTER: Final = 2  # seconds
FAST_ROWS: Final = 200
SLOW_ROWS: Final = 32
SLICE: Final = 4  # items of a batch, after which single messages go first
SLICE_WAIT: Final = 0.010  # seconds a slice waits for them at most
_MAX_COMMITS: Final = 4


class StoreUnavailable(Exception):
    """The message is not stored and nothing of it is; ``retry_after`` in seconds."""

    def __init__(self, *, disk_full: bool = False) -> None:
        """``disk_full``: the database has no room."""
        super().__init__("the database cannot store messages now")
        self.retry_after = RETRY_AFTER
        self.disk_full = disk_full


class AcceptParts(msgspec.Struct, frozen=True, kw_only=True):
    """``notify_workers`` is called after each commit and must not wait."""

    database: Database
    clock: Clock
    entropy: Entropy
    builder: MessageBuilder
    notify_workers: NotifyWorkers


class Intake:
    """One per process; all doors of the process share its commits."""

    def __init__(self, parts: AcceptParts) -> None:
        self._parts = parts
        # Fast lanes have commits of their own, so that a code never waits for a batch of newsletters to be written.
        self._fast: Batcher[MessageRow, bool] = Batcher(self._write, fails_together=_fails_together, limit=FAST_ROWS)
        self._slow: Batcher[MessageRow, bool] = Batcher(self._write, fails_together=_fails_together, limit=SLOW_ROWS)
        self._singles = 0
        self._no_singles = asyncio.Event()

    @property
    def facts(self) -> TenantFacts:
        """What is cached of tenants, for code that changes it in this process."""
        return self._parts.builder.facts

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """Accept one message. Errors: StoreUnavailable."""
        self._singles += 1
        self._no_singles.clear()
        try:
            return await self._accept(caller, request)
        finally:
            self._singles -= 1
            if not self._singles:
                self._no_singles.set()

    async def _accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        now = self._parts.clock.now()
        draft = await translating(self._parts.builder.draft(caller, request, now))
        if isinstance(draft, Rejection):
            metrics.REJECTED.labels(caller.door, draft.code).inc()
            return draft
        await self._alert_lockouts(draft)
        return await self._commit(draft)

    async def explain(self, caller: Caller, request: SendRequest) -> tuple[Accepted, Explanation] | Rejection:
        """Everything but the send: the reply it would get now, and why. Nothing is stored. Errors: StoreUnavailable."""
        draft = await translating(self._parts.builder.draft(caller, request, self._parts.clock.now()))
        if isinstance(draft, Rejection):
            return draft
        earlier = None if draft.row.dedupe_key is None else await translating(self._earlier_reply(draft))
        reply = earlier or draft.accepted
        return reply if isinstance(reply, Rejection) else (reply, explain(draft, self._parts.builder.routes))

    async def accept_many(self, caller: Caller, requests: Sequence[SendRequest | Rejection]) -> list[Accepted | Rejection]:
        """Accept many; each stands for itself, the replies are in order. Errors: StoreUnavailable, where none could be stored."""
        replies: list[Accepted | Rejection | None] = [None] * len(requests)
        begun = await self._begin_many(caller, requests, replies)
        unavailable = 0
        for index, draft, commit in begun:
            try:
                reply = None if commit is None else await self._reply(draft, await translating(commit))
                replies[index] = reply or await self._commit(draft)
            except StoreUnavailable as error:
                replies[index] = Rejection("unavailable", str(error), retry_after=error.retry_after)
                unavailable += 1
        if begun and unavailable == len(begun):
            raise StoreUnavailable
        return [reply for reply in replies if reply is not None]

    async def _begin_many(
        self, caller: Caller, requests: Sequence[SendRequest | Rejection], replies: list[Accepted | Rejection | None]
    ) -> "list[tuple[int, Draft, asyncio.Future[bool] | None]]":
        """Draft all, and submit each row as soon as it is there; rejections go into ``replies``.

        The second of two with one key is not submitted with the first: its commit is begun when the first has its answer.
        """
        builder, now = self._parts.builder, self._parts.clock.now()
        begun: list[tuple[int, Draft, asyncio.Future[bool] | None]] = []
        keys = set[str]()
        readable = [request for request in requests if isinstance(request, SendRequest)]
        suppressions = await translating(builder.find_suppressions(caller, readable))
        for index, request in enumerate(requests):
            if index % SLICE == SLICE - 1:
                await self.give_way()
            if isinstance(request, Rejection):
                replies[index] = request
                continue
            draft = await translating(builder.draft(caller, request, now, suppressions))
            if isinstance(draft, Rejection):
                replies[index] = draft
                continue
            await self._alert_lockouts(draft)
            key = draft.row.dedupe_key
            begun.append((index, draft, None if key in keys else self._submit(draft.row)))
            if key:
                keys.add(key)
        return begun

    async def give_way(self) -> None:
        """Let single messages go before a batch: each of their many turns of the loop would otherwise cost a slice."""
        await asyncio.sleep(0)
        if self._singles:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SLICE_WAIT):
                    await self._no_singles.wait()

    async def drain(self) -> None:
        """Finish what is being written."""
        await self._fast.drain()
        await self._slow.drain()

    def _submit(self, row: MessageRow) -> "asyncio.Future[bool]":
        return (self._fast if row.lane <= Lane.PROMPT else self._slow).submit(row)

    async def _alert_lockouts(self, draft: Draft) -> None:
        """Before the commit, so that a message whose alert could not be stored is not stored either."""
        if draft.message.admission.alarms:
            await translating(self._parts.builder.alert_lockouts(draft))

    async def _commit(self, draft: Draft) -> Accepted | Rejection:
        for _ in range(_MAX_COMMITS):
            reply = await self._reply(draft, await translating(self._submit(draft.row)))
            if reply is not None:
                return reply
        raise StoreUnavailable

    async def _reply(self, draft: Draft, stored: bool) -> Accepted | Rejection | None:
        """The reply to the caller; None where the key was freed meanwhile and another commit may store it."""
        message = draft.message
        if stored:
            metrics.ACCEPTED.labels(message.caller.door, message.admission.type.built_in).inc()
            for reason in message.admission.suppressed.values():
                metrics.SUPPRESSED.labels(reason, "intake").inc()
            return draft.accepted
        earlier = await self._earlier_reply(draft, free=True)
        if isinstance(earlier, Accepted):
            metrics.DUPLICATES.labels(message.caller.door).inc()
        return earlier

    async def _earlier_reply(self, draft: Draft, *, free: bool = False) -> Accepted | Rejection | None:
        """The reply of the message that holds the draft's key, or the conflict; None where the key may be used.

        ``free``: and take the key from a message that holds it no longer.
        """
        row = draft.row
        key = row.dedupe_key or ""
        async with self._parts.database.session() as session:
            holder = await accept.holder(session, row.tenant, row.environment, key)
            verdict = dedupe.judge(holder, row.fingerprint, draft.message.now)
            if holder is None or verdict is DedupeVerdict.NEW:
                if holder is not None and free:
                    await accept.free_key(session, row.tenant, row.environment, key, holder.message)
                return None
        if verdict is DedupeVerdict.CONFLICT:
            return Rejection("idempotency_conflict", f"the key {key!r} was used for a message with other content")
        return msgspec.structs.replace(msgspec.convert(holder.reply, Accepted), duplicate=True)

    async def _write(self, rows: list[MessageRow]) -> list[bool]:
        """One commit for all. Of rows with one key only the first is written: one statement cannot touch a key twice."""
        written, keys = [], set()
        for row in rows:
            key = (row.tenant, row.environment, row.dedupe_key)
            if row.dedupe_key is None or key not in keys:
                written.append(row)
                keys.add(key)
        async with self._parts.database.session() as session:
            stored = await accept.accept(session, written, self._parts.clock.now(), self._parts.entropy.new_id)
        metrics.COMMITS.inc()
        self._parts.notify_workers(accept.heads(written, stored))
        return [row.id in stored for row in rows]


async def translating(work: Awaitable[T]) -> T:
    """The result. Errors: StoreUnavailable where the database is away or full, else what the work raises."""
    try:
        return await work
    except Exception as error:
        if is_disk_full(error):
            raise StoreUnavailable(disk_full=True) from error
        if is_unavailable(error):
            raise StoreUnavailable from error
        raise


def _fails_together(error: BaseException) -> bool:
    return is_unavailable(error) or is_disk_full(error)
