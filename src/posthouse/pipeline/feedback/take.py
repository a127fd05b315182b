"""Feedback: what comes back becomes news of a delivery, an event, and where it must an entry on the list.

A fact is taken once. The address that is entered is the one of *our* delivery, never one that a report names. All of one
fact (that it was taken, its event, its entry) is one transaction, so a crash takes it whole or not at all.

Known sharp edges: opens and clicks are taken each time, by their own ids; reports by mail have no id, so each kind counts once a
delivery. Who came back to a list and leaves it again by the way out in the same mail is entered again; what a provider says a second
time is not. What leads to none of our deliveries changes nothing and is only counted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.delivery import DeliveryState, IllegalTransition
from posthouse.model.feedback import Feedback, FeedbackKind, FeedbackSubject
from posthouse.model.keys import DeliveryKey
from posthouse.model.suppression import Cause, SoftEnd, SuppressionEntry
from posthouse.net.entropy import Entropy
from posthouse.policy.recipients.bounce_brake import provider_of
from posthouse.policy.recipients.feedback import Consequence, consequence, data_of
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database, Session
from posthouse.store.recipients import feedback, soft_bounces, suppressions
from posthouse.store.recipients.suppression_lookup import AddressKey
from posthouse.telemetry import metrics

log = structlog.get_logger()

REPORTS: Final = timedelta(days=30)
COMPLAINTS: Final = timedelta(days=90)
ERASED: Final = "[erased]"
# The way out of a list is in the mail for as long as somebody keeps it.
_GOOD: Final = {FeedbackKind.COMPLAINT: COMPLAINTS, FeedbackKind.UNSUBSCRIBED: timedelta.max}
_WAYS_OUT: Final = frozenset({"link", "unsubscribe"})
_REPEATED: Final = frozenset({FeedbackKind.OPENED, FeedbackKind.CLICKED})


class FeedbackParts(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: what addresses are looked up under."""

    database: Database
    clock: Clock
    entropy: Entropy
    key: AddressKey


class FeedbackTaker:
    """One per process that takes feedback."""

    def __init__(self, parts: FeedbackParts) -> None:
        """Nothing is held."""
        self._parts = parts

    async def take(self, place: DeliveryKey, facts: Sequence[Feedback], source: str) -> int:
        """What is said of one delivery; how many facts were news."""
        async with self._parts.database.transaction() as session:
            return sum([await self._one(session, place, fact, source) for fact in facts])

    async def take_named(self, tenant: int, environment: int, provider: str, facts: Sequence[Feedback]) -> int:
        """What a provider says, each fact leading to its delivery by our id or by theirs; how many were news."""
        news = 0
        for fact in facts:
            async with self._parts.database.transaction() as session:
                places = await self._places(session, tenant, environment, provider, fact)
                if not places:
                    metrics.FEEDBACK.labels(provider, "unmatched").inc()
                news += sum([await self._one(session, place, fact, provider) for place in places])
        return news

    async def _places(self, session: Session, tenant: int, environment: int, provider: str, fact: Feedback) -> list[DeliveryKey]:
        message = ids.parse("msg", fact.message) if fact.message else None
        if message is not None and fact.recipient:
            position = await feedback.position_of(session, tenant, environment, message, fact.recipient)
            return [] if position is None else [DeliveryKey(tenant, environment, message, position)]
        if not fact.remote_id:
            return []
        found = await feedback.by_remote_id(session, tenant, environment, provider, fact.remote_id)
        places = [DeliveryKey(tenant, environment, message, position) for message, position in found]
        if len(places) < 2 or fact.recipient is None:
            return places[:1]
        for place in places:
            if await feedback.position_of(session, tenant, environment, place.message, fact.recipient) == place.position:
                return [place]
        return []

    async def _one(self, session: Session, place: DeliveryKey, fact: Feedback, source: str) -> int:
        now = self._parts.clock.now()
        subject = await feedback.subject(session, place.tenant, place.environment, place.message, place.position)
        if subject is None or subject.recipient == ERASED or now - subject.created_at > _GOOD.get(fact.kind, REPORTS):
            metrics.FEEDBACK.labels(source, "too_late").inc()
            return 0
        try:
            follows = consequence(fact, DeliveryState(subject.state.removeprefix("message.")))
        except IllegalTransition as refused:  # a bug: what is said is dropped, the delivery stays as it is
            log.exception("transition refused", before=refused.before.value, after=refused.after.value)
            metrics.FEEDBACK.labels(source, "nothing").inc()
            return 0
        first = await feedback.once(session, place.tenant, place.environment, source, _name(place, fact), now)
        entered = False
        if follows.cause is not None and (first or (fact.kind is FeedbackKind.UNSUBSCRIBED and source in _WAYS_OUT)):
            entered = await self._enter(session, place, subject, fact, follows.cause, source, now)
        if (not first and not entered) or follows == Consequence():
            metrics.FEEDBACK.labels(source, "known" if not first else "nothing").inc()
            return 0
        if follows.soft:
            await self._count(session, place, subject, fact, now)
        if follows.event is not None:
            await events.append(
                session, place.tenant, place.environment, self._parts.entropy.new_id(now), follows.event, now,
                data_of(fact, source, suppressed=follows.cause is not None), message=place.message, position=place.position,
            )  # fmt: skip
        metrics.FEEDBACK.labels(source, fact.kind.value).inc()
        return 1

    async def _enter(
        self, session: Session, place: DeliveryKey, subject: FeedbackSubject, fact: Feedback, cause: Cause, source: str, now: datetime
    ) -> bool:  # fmt: skip
        """Whether it was not on the list before."""
        where = (place.tenant, place.environment, place.message, place.position)
        entry = SuppressionEntry(
            id=self._parts.entropy.new_id(now),
            provider=provider_of(await feedback.last_host(session, *where)) if cause is Cause.HARD_BOUNCE else "",
            address=subject.recipient, lookup=self._parts.key.of(subject.recipient), cause=cause, source=source,
            stream=None if cause is Cause.HARD_BOUNCE else subject.stream, reason=fact.reason, evidence=_evidence(place, fact),
        )  # fmt: skip
        [made] = await suppressions.add(session, place.tenant, place.environment, [entry], now, self._parts.entropy.new_id)
        return made.id == entry.id

    async def _count(self, session: Session, place: DeliveryKey, subject: FeedbackSubject, fact: Feedback, now: datetime) -> None:
        end = SoftEnd(
            tenant=place.tenant, environment=place.environment, lookup=self._parts.key.of(subject.recipient), address=subject.recipient,
            message=place.message, position=place.position, reason=fact.reason, reply=fact.reply, id=self._parts.entropy.new_id(now),
        )  # fmt: skip
        hardened = await soft_bounces.count(session, [end], now)
        if hardened:
            await suppressions.put(session, hardened, now)


def _name(place: DeliveryKey, fact: Feedback) -> str:
    """What a fact is remembered by: its own id where it may come more often, else the delivery and its kind."""
    where = f"{ids.text('msg', place.message)}/{place.position}/{fact.kind.value}"
    return f"{where}/{fact.event_id}" if fact.kind in _REPEATED and fact.event_id else where


def _evidence(place: DeliveryKey, fact: Feedback) -> dict[str, Any]:
    known = {
        "reply": fact.reply, "replyCode": fact.reply_code, "enhancedCode": fact.enhanced_code, "remoteId": fact.remote_id, "eventId": fact.event_id,
        "reportedAt": fact.at and fact.at.isoformat(),
    }  # fmt: skip
    where = {"message": ids.text("msg", place.message), "position": place.position, "kind": fact.kind.value}
    return where | {name: value for name, value in known.items() if value}
