"""Feedback: what comes back changes a delivery, becomes an event, and where it must suppresses the address.

A fact is taken once. The address that is suppressed is the one of *our* delivery, never one that a report names. All of one
fact (that it was taken, its event, its suppression) is one transaction, so a crash takes it whole or not at all.

Known sharp edges: opens and clicks are taken each time, by their own ids; reports by mail have no id, so each kind counts once
for a delivery. A recipient who came back to a list and unsubscribes again from the same mail is suppressed again; what a
provider reports a second time is not. What leads to none of our deliveries changes nothing and is only counted.
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
from posthouse.model.suppression import Cause, SoftBounce, SuppressionEntry
from posthouse.model.time_format import iso_millis
from posthouse.net.entropy import Entropy
from posthouse.pipeline.feedback.receive import UNSUBSCRIBE_SOURCE
from posthouse.policy.recipients.bounce_brake import provider_of
from posthouse.policy.recipients.feedback import Consequence, consequence, data_of
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database, Session
from posthouse.store.recipients import feedback, soft_bounces, suppressions
from posthouse.store.recipients.suppression_lookup import AddressKey
from posthouse.telemetry import metrics

log = structlog.get_logger()

REPORTS_TAKEN_FOR: Final = timedelta(days=30)
COMPLAINTS_TAKEN_FOR: Final = timedelta(days=90)
ERASED: Final = "[erased]"
LINK_SOURCE: Final = "link"
# The unsubscribe link is in the mail for as long as its reader keeps it.
_TAKEN_FOR: Final = {FeedbackKind.COMPLAINT: COMPLAINTS_TAKEN_FOR, FeedbackKind.UNSUBSCRIBED: timedelta.max}
_UNSUBSCRIBE_SOURCES: Final = frozenset({LINK_SOURCE, UNSUBSCRIBE_SOURCE})
_REPEATED: Final = frozenset({FeedbackKind.OPENED, FeedbackKind.CLICKED})


class FeedbackParts(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: what addresses are looked up under."""

    database: Database
    clock: Clock
    entropy: Entropy
    key: AddressKey


class _Taking(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about one delivery, within one transaction, in which the delivery's row is locked."""

    session: Session
    key: DeliveryKey
    subject: FeedbackSubject
    fact: Feedback
    source: str
    now: datetime


class _ProviderScope(msgspec.Struct, frozen=True):
    """Where the deliveries are looked for that a provider reports about."""

    tenant: int
    environment: int
    provider: str


class FeedbackTaker:
    """One per process that takes feedback."""

    def __init__(self, parts: FeedbackParts) -> None:
        self._parts = parts

    async def take(self, key: DeliveryKey, facts: Sequence[Feedback], source: str) -> int:
        """Facts about one delivery; how many were new."""
        async with self._parts.database.transaction() as session:
            return sum([await self._take_one(session, key, fact, source) for fact in facts])

    async def take_from_provider(self, tenant: int, environment: int, provider: str, facts: Sequence[Feedback]) -> int:
        """What a provider reports, each fact leading to its delivery by our id or by theirs; how many were new."""
        count = 0
        for fact in facts:
            async with self._parts.database.transaction() as session:
                keys = await self._find_deliveries(session, _ProviderScope(tenant, environment, provider), fact)
                if not keys:
                    metrics.FEEDBACK.labels(provider, "unmatched").inc()
                count += sum([await self._take_one(session, key, fact, provider) for key in keys])
        return count

    async def _find_deliveries(self, session: Session, scope: _ProviderScope, fact: Feedback) -> list[DeliveryKey]:
        """The delivery a fact is about: by our message id and the address, else by the provider's id of the message."""
        tenant, environment = scope.tenant, scope.environment
        message = ids.parse("msg", fact.message) if fact.message else None
        if message is not None and fact.recipient:
            position = await feedback.position_of(session, tenant, environment, message, fact.recipient)
            return [] if position is None else [DeliveryKey(tenant, environment, message, position)]
        if not fact.remote_id:
            return []
        rows = await feedback.by_remote_id(session, tenant, environment, scope.provider, fact.remote_id)
        keys = [DeliveryKey(tenant, environment, message, position) for message, position in rows]
        if len(keys) < 2 or fact.recipient is None:
            return keys[:1]
        for key in keys:  # one call of a provider may have carried several recipients
            if await feedback.position_of(session, tenant, environment, key.message, fact.recipient) == key.position:
                return [key]
        return []

    async def _take_one(self, session: Session, key: DeliveryKey, fact: Feedback, source: str) -> int:
        """1 where it was new, else 0."""
        now = self._parts.clock.now()
        subject = await feedback.subject(session, key)
        taken_for = _TAKEN_FOR.get(fact.kind, REPORTS_TAKEN_FOR)
        if subject is None or subject.recipient == ERASED or now - subject.created_at > taken_for:
            metrics.FEEDBACK.labels(source, "too_late").inc()
            return 0
        taking = _Taking(session=session, key=key, subject=subject, fact=fact, source=source, now=now)
        try:
            follows = consequence(fact, DeliveryState(subject.state.removeprefix("message.")))
        except IllegalTransition as refused:  # a bug: the fact is dropped, the delivery stays as it is
            log.exception("transition refused", before=refused.before.value, after=refused.after.value)
            metrics.FEEDBACK.labels(source, "nothing").inc()
            return 0
        is_first = await feedback.once(session, key.tenant, key.environment, source, _name(key, fact), now)
        may_suppress = is_first or (fact.kind is FeedbackKind.UNSUBSCRIBED and source in _UNSUBSCRIBE_SOURCES)
        is_suppressed = False
        if follows.cause is not None and may_suppress:
            is_suppressed = await self._suppress(taking, follows.cause)
        if (not is_first and not is_suppressed) or follows == Consequence():
            metrics.FEEDBACK.labels(source, "nothing" if is_first else "known").inc()
            return 0
        if follows.soft:
            await self._count_soft_bounce(taking)
        if follows.event is not None:
            await self._append_event(taking, follows.event, suppressed=follows.cause is not None)
        metrics.FEEDBACK.labels(source, fact.kind.value).inc()
        return 1

    async def _append_event(self, taking: _Taking, event: str, *, suppressed: bool) -> None:
        key = taking.key
        await events.append(
            taking.session,
            key.tenant,
            key.environment,
            self._parts.entropy.new_id(taking.now),
            event,
            taking.now,
            data_of(taking.fact, taking.source, suppressed=suppressed),
            message=key.message,
            position=key.position,
        )

    async def _suppress(self, taking: _Taking, cause: Cause) -> bool:
        """Whether the address was not suppressed before."""
        key, subject, fact, now = taking.key, taking.subject, taking.fact, taking.now
        is_hard = cause is Cause.HARD_BOUNCE
        entry = SuppressionEntry(
            id=self._parts.entropy.new_id(now),
            provider=provider_of(await feedback.last_host(taking.session, key)) if is_hard else "",
            address=subject.recipient,
            lookup=self._parts.key.of(subject.recipient),
            cause=cause,
            source=taking.source,
            stream=None if is_hard else subject.stream,
            reason=fact.reason,
            evidence=_evidence(key, fact),
        )
        [stored] = await suppressions.add(taking.session, key.tenant, key.environment, [entry], now, self._parts.entropy.new_id)
        return stored.id == entry.id

    async def _count_soft_bounce(self, taking: _Taking) -> None:
        key, subject, fact = taking.key, taking.subject, taking.fact
        end = SoftBounce(
            tenant=key.tenant,
            environment=key.environment,
            lookup=self._parts.key.of(subject.recipient),
            address=subject.recipient,
            message=key.message,
            position=key.position,
            reason=fact.reason,
            reply=fact.reply,
            id=self._parts.entropy.new_id(taking.now),
        )
        hardened = await soft_bounces.count(taking.session, [end], RULE, taking.now)
        if hardened:
            await suppressions.put(taking.session, hardened, taking.now)


def _name(key: DeliveryKey, fact: Feedback) -> str:
    """What a fact is remembered by: its own id where it may come more often, else the delivery and its kind."""
    name = f"{ids.text('msg', key.message)}/{key.position}/{fact.kind.value}"
    return f"{name}/{fact.event_id}" if fact.kind in _REPEATED and fact.event_id else name


def _evidence(key: DeliveryKey, fact: Feedback) -> dict[str, Any]:
    optional = {
        "reply": fact.reply,
        "replyCode": fact.reply_code,
        "enhancedCode": fact.enhanced_code,
        "remoteId": fact.remote_id,
        "eventId": fact.event_id,
        "reportedAt": fact.at and iso_millis(fact.at),
    }
    delivery = {"message": ids.text("msg", key.message), "position": key.position, "kind": fact.kind.value}
    return delivery | {name: value for name, value in optional.items() if value}
