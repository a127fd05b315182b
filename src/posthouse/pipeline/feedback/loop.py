"""The loop that works on what came back: stored bytes become facts, and facts change deliveries.

Returned mail is read by a confined child, because anybody may have written it; a provider's hook was signed and is read
here. One that cannot be worked on now is tried again a lease later, and given up after ``MOST_ATTEMPTS`` with a line in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.feedback import Feedback, FeedbackKind, RawFeedback
from posthouse.model.hook import Hook, SubscriptionToConfirm
from posthouse.model.keys import DeliveryKey
from posthouse.net.confine import ConfinedPool, StoppedJob
from posthouse.pipeline.feedback.read_returned import ReadJob, ReturnedFacts
from posthouse.pipeline.feedback.receive import HOOK_SOURCE, OPERATOR_SOURCE, REPORT_SOURCE, UNSUBSCRIBE_SOURCE
from posthouse.pipeline.feedback.replies import PersonalReplies
from posthouse.pipeline.feedback.take import FeedbackTaker
from posthouse.pipeline.loops import run_until, wait_at_most
from posthouse.providers.registry import BY_NAME
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import feedback
from posthouse.store.seal import Sealer
from posthouse.telemetry import metrics

log = structlog.get_logger()

BATCH: Final = 20  # a returned mail has up to five megabytes
POLL_SECONDS: Final = 0.25
HOUSEKEEPING_SECONDS: Final = 600.0
MOST_ATTEMPTS: Final = 10
FAILURE_PAUSE: Final = 1.0  # seconds
_MAIL_SOURCES: Final = frozenset({REPORT_SOURCE, OPERATOR_SOURCE})
_UNSUBSCRIBED: Final = ReturnedFacts((Feedback(kind=FeedbackKind.UNSUBSCRIBED),))


class FeedbackLoopParts(msgspec.Struct, frozen=True, kw_only=True):
    """``readers``: confined children that read mail. ``confirm``: a GET at an address of a checked host; whether it went well."""

    database: Database
    sealer: Sealer
    clock: Clock
    taker: FeedbackTaker
    replies: PersonalReplies
    readers: ConfinedPool
    confirm: Callable[[str], Awaitable[bool]]


class FeedbackLoop:
    """One per process with the role ``fanout``; several share the work."""

    def __init__(self, parts: FeedbackLoopParts) -> None:
        self._parts = parts
        self._cleaned_at = parts.clock.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is begun is finished."""

        async def step() -> None:
            worked = await self.once()
            await self._clean()
            if not worked:
                await wait_at_most(stop, POLL_SECONDS)

        await run_until(stop, step, name="feedback", pause=FAILURE_PAUSE)

    async def once(self) -> int:
        """One batch; how many were claimed."""
        database = self._parts.database
        claimed = await feedback.claim(database, self._parts.sealer, self._parts.clock.now(), BATCH)
        if not claimed:
            return 0
        facts = await self._read_all(claimed)
        finished = []
        for raw in claimed:
            done = await self._work_on(raw, facts.get(raw.id))
            if not done and raw.tries >= MOST_ATTEMPTS:
                log.error("feedback given up", source=raw.source)
            if done or raw.tries >= MOST_ATTEMPTS:
                finished.append(raw.id)
        async with database.session() as session:
            await feedback.done(session, finished)
        return len(claimed)

    async def _read_all(self, claimed: list[RawFeedback]) -> dict[UUID, ReturnedFacts]:
        """What the mails among them are about."""
        mails = [raw for raw in claimed if raw.source in _MAIL_SOURCES]
        if not mails:
            return {}
        jobs = [msgspec.msgpack.encode(ReadJob(raw.body, raw.headers.get("return-path"))) for raw in mails]
        answers = await self._parts.readers.run(jobs)
        return {raw.id: _decode_facts(answer) for raw, answer in zip(mails, answers, strict=True)}

    async def _work_on(self, raw: RawFeedback, facts: ReturnedFacts | None) -> bool:
        """Whether it is done; else it is tried again."""
        if facts is not None:
            return await self._take_mail(raw, facts)
        if raw.source == UNSUBSCRIBE_SOURCE:
            return await self._take_mail(raw, _UNSUBSCRIBED)
        if raw.source.startswith(HOOK_SOURCE):
            return await self._take_hook(raw)
        return False

    async def _take_mail(self, raw: RawFeedback, facts: ReturnedFacts) -> bool:
        try:
            if raw.source == OPERATOR_SOURCE:
                await self._parts.replies.take_operators(raw, facts.reply)
            elif raw.message is not None and raw.position is not None:
                key = DeliveryKey(raw.tenant, raw.environment, raw.message, raw.position)
                if facts.reply is not None:
                    await self._parts.replies.take(key, facts.reply, raw.source)
                await self._parts.taker.take(key, facts.facts, raw.source)
        except Exception as error:  # one report must not stop the others; it is tried again
            log.warning("report not taken", error=type(error).__name__)
            return False
        return True

    async def _take_hook(self, raw: RawFeedback) -> bool:
        provider = raw.source.removeprefix(HOOK_SOURCE)
        codec = BY_NAME.get(provider)
        if codec is None:
            return True
        try:
            parsed = codec.parse_hook(Hook(raw.headers, raw.body))
            if isinstance(parsed, SubscriptionToConfirm):
                return await self._parts.confirm(parsed.url)
            await self._parts.taker.take_from_provider(raw.tenant, raw.environment, provider, parsed)
        except Exception as error:  # one call must not stop the others; it is tried again
            log.warning("hook not taken", provider=provider, error=type(error).__name__)
            return False
        return True

    async def _clean(self) -> None:
        clock = self._parts.clock
        if clock.monotonic() - self._cleaned_at > HOUSEKEEPING_SECONDS:
            self._cleaned_at = clock.monotonic()
            await feedback.forget_old(self._parts.database, clock.now())


def _decode_facts(answer: bytes | StoppedJob) -> ReturnedFacts:
    if isinstance(answer, StoppedJob):
        metrics.FEEDBACK.labels(REPORT_SOURCE, "unreadable").inc()
        log.warning("report not read", why=answer.why)
        return ReturnedFacts()
    return msgspec.msgpack.decode(answer, type=ReturnedFacts)
