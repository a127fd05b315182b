"""The loop that works on what came back: raw bytes from the doors become facts, facts become news of deliveries.

Returned mail is read by a confined child, because anybody may have written it; a provider's hook was signed and is read
here. One that cannot be worked on now is tried again a lease later, and given up after ``MOST_TRIES`` with a line in the log.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.feedback import Feedback, FeedbackKind, RawFeedback
from posthouse.model.hook import Hook, SubscriptionToConfirm
from posthouse.model.keys import DeliveryKey
from posthouse.net.confine import ConfinedPool, StoppedJob
from posthouse.pipeline.feedback.read_returned import ReturnedFacts, ReturnedMail
from posthouse.pipeline.feedback.replies import OPERATORS, PersonalReplies
from posthouse.pipeline.feedback.take import FeedbackTaker
from posthouse.providers.registry import BY_NAME
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.recipients import feedback
from posthouse.store.seal import Sealer
from posthouse.telemetry import metrics

log = structlog.get_logger()

BATCH: Final = 20  # a letter has up to five megabytes
POLL: Final = 0.25
HOUSEKEEPING: Final = 600.0
MOST_TRIES: Final = 10
_TROUBLE: Final = 1.0
_WISH: Final = ReturnedFacts((Feedback(kind=FeedbackKind.UNSUBSCRIBED),))


class FeedbackLoopParts(msgspec.Struct, frozen=True, kw_only=True):
    """``readers``: confined children that read what came by mail. ``ask``: a GET at an address of a checked host; whether it went well."""

    database: Database
    sealer: Sealer
    clock: Clock
    taking: FeedbackTaker
    letters: PersonalReplies
    readers: ConfinedPool
    ask: Callable[[str], Awaitable[bool]]


class FeedbackLoop:
    """One per process with the role ``fanout``; several share the work."""

    def __init__(self, parts: FeedbackLoopParts) -> None:
        """Nothing is claimed yet."""
        self._parts = parts
        self._cleaned = parts.clock.monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is begun is finished."""
        while not stop.is_set():
            try:
                worked = await self.once()
                await self._clean()
            except Exception as error:  # the loop outlives the database's absence and its own bugs
                if not is_unavailable(error):
                    log.exception("feedback loop failed")
                worked = 0
                await asyncio.sleep(_TROUBLE)
            if not worked:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL)

    async def once(self) -> int:
        """One batch; how many were claimed."""
        raws = await feedback.claim(self._parts.database, self._parts.sealer, self._parts.clock.now(), BATCH)
        if not raws:
            return 0
        mails = [raw for raw in raws if raw.source in ("report", OPERATORS)]
        found = await self._read(mails)
        done = [raw for raw, what in zip(mails, found, strict=True) if await self._report(raw, what)]
        done += [raw for raw in raws if raw.source == "unsubscribe" and await self._report(raw, _WISH)]
        done += [raw for raw in raws if raw.source.startswith("hook:") and await self._hook(raw)]
        given_up = [raw for raw in raws if raw.tries >= MOST_TRIES and raw not in done]
        for raw in given_up:
            log.error("feedback given up", source=raw.source)
        async with self._parts.database.session() as session:
            await feedback.done(session, [raw.id for raw in (*done, *given_up)])
        return len(raws)

    async def _read(self, mails: list[RawFeedback]) -> list[ReturnedFacts]:
        if not mails:
            return []
        jobs = [msgspec.msgpack.encode(ReturnedMail(raw.body, raw.headers.get("return-path"))) for raw in mails]
        answers = await self._parts.readers.run(jobs)
        found: list[ReturnedFacts] = []
        for answer in answers:
            if isinstance(answer, StoppedJob):
                metrics.FEEDBACK.labels("report", "unreadable").inc()
                log.warning("report not read", why=answer.why)
                found.append(ReturnedFacts())
            else:
                found.append(msgspec.msgpack.decode(answer, type=ReturnedFacts))
        return found

    async def _report(self, raw: RawFeedback, what: ReturnedFacts) -> bool:
        try:
            if raw.source == OPERATORS:
                await self._parts.letters.take_operators(raw, what.letter)
            elif raw.message is not None and raw.position is not None:
                place = DeliveryKey(raw.tenant, raw.environment, raw.message, raw.position)
                if what.letter is not None:
                    await self._parts.letters.take(place, what.letter, raw.source)
                await self._parts.taking.take(place, what.facts, raw.source)
        except Exception as error:  # one report must not stop the others; it is tried again
            log.warning("report not taken", error=type(error).__name__)
            return False
        return True

    async def _hook(self, raw: RawFeedback) -> bool:
        provider = raw.source.partition(":")[2]
        codec = BY_NAME.get(provider)
        if codec is None:
            return True
        try:
            said = codec.parse_hook(Hook(raw.headers, raw.body))
            if isinstance(said, SubscriptionToConfirm):
                return await self._parts.ask(said.url)
            await self._parts.taking.take_named(raw.tenant, raw.environment, provider, said)
        except Exception as error:  # one call must not stop the others; it is tried again
            log.warning("hook not taken", provider=provider, error=type(error).__name__)
            return False
        return True

    async def _clean(self) -> None:
        if self._parts.clock.monotonic() - self._cleaned > HOUSEKEEPING:
            self._cleaned = self._parts.clock.monotonic()
            await feedback.forget_old(self._parts.database, self._parts.clock.now())
