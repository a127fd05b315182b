"""From an attempt to its settlement: what is written down, what is told, and what comes next.

The judgement is ``policy.deliver.retry``; here it becomes a row's fate, a line of history and an event.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from posthouse.model.attempt import Attempt
from posthouse.model.delivery import DeliveryState
from posthouse.model.message_type import MessageType
from posthouse.model.outcome import (
    AttemptStage,
    Bounced,
    Deferred,
    Delivered,
    Diagnosis,
    InDoubt,
    Outcome,
    Reason,
    Refused,
    Scope,
    Withheld,
)
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.model.settlement import AttemptRecord, Settlement
from posthouse.model.suppression import SoftEnd
from posthouse.model.time_format import iso_millis
from posthouse.pipeline.deliver.suppression_check import NOTHING, AddressEffects
from posthouse.policy.deliver.retry import RetryStep, expire, next_step

_WORD: Final = {Delivered: "delivered", Deferred: "deferred", Bounced: "bounced", Refused: "refused", InDoubt: "in_doubt"}
_SOFT: Final = frozenset({Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED})
_BLOCKED: Final = frozenset({Reason.POLICY_BLOCKED, Reason.RATE_LIMITED, Reason.SENDER_REJECTED, Reason.CONTENT_REJECTED})


def outcome_word(said: Outcome | Withheld) -> str:
    """The contract's word for an outcome."""
    return _WORD.get(type(said), "refused")


def judge(
    attempt_outcome: Outcome, delivery: LeasedDelivery, message_type: MessageType, routes: int, now: datetime, jitter: float
) -> RetryStep:
    """What now, by the type's rules."""
    return next_step(
        attempt_outcome, message_type, tries=delivery.tries, refusals=delivery.refusals, route=delivery.route, routes=routes,
        in_doubt_before=bool(delivery.flags & QueueFlag.IN_DOUBT_BEFORE), now=now, expires_at=delivery.expires_at, jitter=jitter,
    )  # fmt: skip


def settlement(
    delivery: LeasedDelivery,
    attempt: Attempt,
    step: RetryStep,
    *,
    route: str,
    digest: bytes | None,
    now: datetime,
    event_id: UUID,
    signed: bool = True,
    follows: AddressEffects = NOTHING,
) -> Settlement:
    """The fate of a delivery after an attempt. ``follows``: what of it concerns the address."""
    diagnosis = attempt.outcome.diagnosis
    event = _news(delivery, step.state)
    return Settlement(
        delivery=delivery,
        attempt=record(attempt, route, digest, delivery.keyset if signed else None),
        event=event,
        event_id=event_id,
        event_data=event_data(diagnosis, step) if event else None,
        at=now,
        due=None if step.final else step.due,
        ready=not step.final and step.due is None,
        route=step.route,
        tries=step.tries,
        refusals=step.refusals,
        flags=_flags(delivery, step) | (QueueFlag.HELD if follows.held else 0),
        entry=follows.entry,
        soft=follows.soft,
        arrived=follows.arrived,
    )


def suppressed(delivery: LeasedDelivery, cause: str, entry: str, now: datetime, event_id: UUID) -> Settlement:
    """It may not be written to after all: the last look, before the attempt."""
    event = _news(delivery, suppressed_as(delivery))
    return Settlement(
        delivery=delivery, attempt=None, event=event, event_id=event_id,
        event_data={"reason": cause, "suppression": entry} if event else None, at=now, route=delivery.route, tries=delivery.tries, flags=delivery.flags,
    )  # fmt: skip


def suppressed_as(delivery: LeasedDelivery) -> DeliveryState:
    """What was in doubt before stays in doubt."""
    return DeliveryState.IN_DOUBT if delivery.flags & QueueFlag.IN_DOUBT_BEFORE else DeliveryState.SUPPRESSED


def held(delivery: LeasedDelivery, cause: str, entry: str, due: datetime, now: datetime, event_id: UUID) -> Settlement:
    """The brakes: nothing is tried before ``due``, and no attempt is counted."""
    due = min(due, delivery.expires_at)
    news = _news(delivery, DeliveryState.DEFERRED)
    return Settlement(
        delivery=delivery, attempt=None, event=news, event_id=event_id,
        event_data={"reason": cause, "suppression": entry, "willRetryAt": iso_millis(due)} if news else None, at=now, due=due,
        route=delivery.route, tries=delivery.tries, refusals=delivery.refusals, flags=delivery.flags | QueueFlag.HELD | QueueFlag.DEFERRED_NOW,
    )  # fmt: skip


def expired(delivery: LeasedDelivery, now: datetime, event_id: UUID, soft: SoftEnd | None = None) -> tuple[Settlement, RetryStep]:
    """Too late: nothing is tried any more. What was in doubt before stays in doubt. ``soft``: it may count against its mailbox."""
    step = expire(
        tries=delivery.tries, refusals=delivery.refusals, route=delivery.route,
        in_doubt_before=bool(delivery.flags & QueueFlag.IN_DOUBT_BEFORE),
    )  # fmt: skip
    event = _news(delivery, step.state)
    row = Settlement(
        delivery=delivery, attempt=None, event=event, event_id=event_id,
        event_data={"reason": Reason.EXPIRED.value} if event else None, at=now, flags=delivery.flags, soft=soft,
    )  # fmt: skip
    return row, step


def lost(started_at: datetime) -> tuple[InDoubt, Attempt]:
    """The outcome and attempt of a worker that is gone, of which a final dot may have left."""
    doubt = InDoubt(Diagnosis(reason=Reason.WORKER_LOST, scope=Scope.US, stage=AttemptStage.DOT))
    return doubt, Attempt(outcome=doubt, adapter="", started_at=started_at, duration_ms=0.0)


def remembered(started_at: datetime, *, final: bool) -> tuple[Delivered, Attempt]:
    """The next hop's yes that a lost worker had heard and not settled."""
    said = Diagnosis(
        reason=Reason.ACCEPTED, scope=Scope.RECIPIENT, stage=AttemptStage.DOT, reply="accepted; the reply's text was lost"
    )
    yes = Delivered(said, final=final)
    return yes, Attempt(outcome=yes, adapter="", started_at=started_at, duration_ms=0.0)


def record(attempt: Attempt, route: str, digest: bytes | None, keyset: int | None) -> AttemptRecord:
    """The line of history."""
    diagnosis = attempt.outcome.diagnosis
    return AttemptRecord(
        route=route,
        adapter=attempt.adapter.partition(":")[0],
        host=attempt.host,
        remote_id=attempt.remote_id,
        outcome=outcome_word(attempt.outcome),
        reason=diagnosis.reason.value,
        stage=diagnosis.stage.value,
        reply_code=diagnosis.reply_code,
        enhanced_code=diagnosis.enhanced_code,
        reply=diagnosis.reply.replace("\0", ""),
        tls=attempt.tls,
        started_at=attempt.started_at,
        duration_ms=attempt.duration_ms,
        digest=digest,
        keyset=keyset,
    )


def event_data(diagnosis: Diagnosis, step: RetryStep) -> dict[str, Any]:
    """The event's data, in the contract's words; what is empty is left out."""
    data: dict[str, Any] = {"reason": diagnosis.reason.value}
    if diagnosis.reply_code is not None:
        data["replyCode"] = diagnosis.reply_code
    if diagnosis.enhanced_code is not None:
        data["enhancedCode"] = diagnosis.enhanced_code
    if diagnosis.reply:
        data["reply"] = diagnosis.reply.replace("\0", "")
    if step.state is DeliveryState.BOUNCED:
        data["kind"] = "soft" if diagnosis.reason in _SOFT else "blocked" if diagnosis.reason in _BLOCKED else "hard"
    if step.due is not None and not step.final:
        data["willRetryAt"] = iso_millis(step.due)
    return data


def _news(delivery: LeasedDelivery, state: DeliveryState) -> str | None:
    """The event that tells of a state; None where it is the state that it was in (what was deferred since a doubt is in doubt no more)."""
    deferred = bool(delivery.flags & QueueFlag.DEFERRED_NOW)
    doubted = bool(delivery.flags & QueueFlag.IN_DOUBT_BEFORE) and not deferred
    same = {DeliveryState.QUEUED: True, DeliveryState.DEFERRED: deferred, DeliveryState.IN_DOUBT: doubted}
    return None if same.get(state) else f"message.{state.value}"


def _flags(delivery: LeasedDelivery, step: RetryStep) -> int:
    flags = delivery.flags & ~QueueFlag.HELD
    if step.state is DeliveryState.DEFERRED:
        return flags | QueueFlag.DEFERRED_NOW
    if step.state is DeliveryState.IN_DOUBT:
        return (flags | QueueFlag.IN_DOUBT_BEFORE) & ~QueueFlag.DEFERRED_NOW
    return flags
