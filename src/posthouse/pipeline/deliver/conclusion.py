"""How the turn of a delivery ends: what is written, and what is counted and alerted once it is durable.

Pure. There are five endings, each made here as one ``Conclusion``: an attempt with its outcome, a delivery that
expired, one that is withheld because its address is suppressed, one whose message cannot be built, and one whose
content is no longer kept. What comes next is decided by ``policy.deliver.retry``; here it becomes the fate of a queue
row, a row of history and an event.

Known sharp edges: a change of state that ``model.delivery.TRANSITIONS`` does not have raises IllegalTransition, which
is a bug of ours. Nothing is written then: the delivery stays leased, so that it is not sent a second time, until its
worker ends and the sweep looks at its mark. In production this is an error in the log (``pipeline.deliver.worker``,
``pipeline.deliver.reclaim``).
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.model.attempt import Attempt
from posthouse.model.delivery import DeliveryState, check_transition
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
from posthouse.model.suppression import SoftBounce
from posthouse.model.time_format import iso_millis
from posthouse.pipeline.deliver.address_effects import NO_EFFECTS, AddressEffects, recheck_at
from posthouse.pipeline.deliver.suppression_check import SuppressionVerdict
from posthouse.policy import types
from posthouse.policy.deliver.retry import DeliveryFacts, RetryStep, expire, next_step

_OUTCOME_WORDS: Final = {
    Delivered: "delivered",
    Deferred: "deferred",
    Bounced: "bounced",
    Refused: "refused",
    InDoubt: "in_doubt",
}
_SOFT: Final = frozenset({Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED})
_BLOCKED: Final = frozenset({Reason.POLICY_BLOCKED, Reason.RATE_LIMITED, Reason.SENDER_REJECTED, Reason.CONTENT_REJECTED})
_EXPIRED: Final = Diagnosis(reason=Reason.EXPIRED, scope=Scope.MESSAGE, stage=AttemptStage.RESOLVE)
_CONTENT_GONE: Final = msgspec.structs.replace(_EXPIRED, reply="content no longer kept")


class Conclusion(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: what the delivery is now.

    ``outcome``: of an attempt that reached a transport. ``failure``: operations are alerted.

    ``verdict``: why it was withheld.
    """

    settlement: Settlement
    route: str
    state: DeliveryState
    outcome: Outcome | None = None
    failure: Diagnosis | None = None
    verdict: SuppressionVerdict | None = None


class Stamp(msgspec.Struct, frozen=True):
    """When it ended, and the id of the event that says so."""

    at: datetime
    event_id: UUID


class SentAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt over a route.

    ``digest``: SHA-256 of the bytes, None where they were not made here; ``signed``: by our DKIM keys.
    """

    attempt: Attempt
    route: str
    digest: bytes | None = None
    signed: bool = True


def plan(outcome: Outcome, delivery: LeasedDelivery, routes: int, now: datetime, jitter: float) -> RetryStep:
    """What comes next, by the rules of the delivery's type. ``routes``: how many there are; ``jitter``: chance, in [0, 1)."""
    return next_step(
        outcome,
        DeliveryFacts(
            type=types.BY_NAME[delivery.built_in],
            tries=delivery.tries,
            refusals=delivery.refusals,
            route=delivery.route,
            routes=routes,
            in_doubt_before=bool(delivery.flags & QueueFlag.IN_DOUBT_BEFORE),
            now=now,
            expires_at=delivery.expires_at,
            jitter=jitter,
        ),
    )


def attempted(
    delivery: LeasedDelivery, sent: SentAttempt, step: RetryStep, stamp: Stamp, effects: AddressEffects = NO_EFFECTS
) -> Conclusion:
    """An attempt has its outcome. Errors: IllegalTransition."""
    outcome = sent.attempt.outcome
    event = _event(delivery, step.state)
    settlement = Settlement(
        delivery=delivery,
        attempt=_record(sent, delivery.keyset if sent.signed else None),
        event=event,
        event_id=stamp.event_id,
        event_data=_event_data(outcome.diagnosis, step) if event else None,
        at=stamp.at,
        due=None if step.final else step.due,
        ready=not step.final and step.due is None,
        route=step.route,
        tries=step.tries,
        refusals=step.refusals,
        flags=_flags(delivery, step) | (QueueFlag.PROVISIONAL if effects.provisional else 0),
        suppression=effects.suppression,
        soft_end=effects.soft_end,
        delivered_lookup=effects.delivered_lookup,
    )
    return Conclusion(
        settlement=settlement,
        route=sent.route,
        state=step.state,
        outcome=None if isinstance(outcome, Withheld) else outcome,
        failure=outcome.diagnosis if step.exhausted else None,
    )


def expired(delivery: LeasedDelivery, route: str, stamp: Stamp, soft_end: SoftBounce | None = None) -> Conclusion:
    """Too late: nothing is tried any more; operations are alerted if something was. Errors: IllegalTransition."""
    step = expire(
        tries=delivery.tries,
        refusals=delivery.refusals,
        route=delivery.route,
        in_doubt_before=bool(delivery.flags & QueueFlag.IN_DOUBT_BEFORE),
    )
    event = _event(delivery, step.state)
    settlement = Settlement(
        delivery=delivery,
        attempt=None,
        event=event,
        event_id=stamp.event_id,
        event_data={"reason": Reason.EXPIRED.value} if event else None,
        at=stamp.at,
        flags=delivery.flags,
        soft_end=soft_end,
    )
    return Conclusion(settlement=settlement, route=route, state=step.state, failure=_EXPIRED if step.exhausted else None)


def content_gone(delivery: LeasedDelivery, route: str, stamp: Stamp, soft_end: SoftBounce | None = None) -> Conclusion:
    """Its content is no longer kept: it expires, and operations are alerted in any case. Errors: IllegalTransition."""
    return msgspec.structs.replace(expired(delivery, route, stamp, soft_end), failure=_CONTENT_GONE)


def withheld(delivery: LeasedDelivery, route: str, verdict: SuppressionVerdict, stamp: Stamp) -> Conclusion:
    """Its address may not be written to, or not while a bounce brake is on. No attempt is counted. Errors: IllegalTransition."""
    due = None if verdict.blocks else min(recheck_at(verdict.braked_until or stamp.at, stamp.at), delivery.expires_at)
    state = DeliveryState.DEFERRED if due else _suppressed_state(delivery)
    event = _event(delivery, state)
    data: dict[str, Any] = {"reason": verdict.entry.cause.value, "suppression": verdict.entry.id}
    if due is not None:
        data["willRetryAt"] = iso_millis(due)
    settlement = Settlement(
        delivery=delivery,
        attempt=None,
        event=event,
        event_id=stamp.event_id,
        event_data=data if event else None,
        at=stamp.at,
        due=due,
        route=delivery.route,
        tries=delivery.tries,
        refusals=delivery.refusals,
        flags=delivery.flags | QueueFlag.PROVISIONAL | QueueFlag.DEFERRED_NOW if due else delivery.flags,
    )
    return Conclusion(settlement=settlement, route=route, state=state, verdict=verdict)


def unbuildable(delivery: LeasedDelivery, route: str, stamp: Stamp, jitter: float) -> Conclusion:
    """Its message cannot be built (a key that does not open it, a bug): an attempt that failed on our side, and its wait."""
    diagnosis = Diagnosis(reason=Reason.UNKNOWN, scope=Scope.US, stage=AttemptStage.RESOLVE, reply="the message cannot be made")
    outcome = Deferred(diagnosis)
    attempt = Attempt(outcome=outcome, adapter="", started_at=stamp.at, duration_ms=0.0)
    step = plan(outcome, delivery, 1, stamp.at, jitter)
    # No outcome in the metrics: nothing reached a transport.
    return msgspec.structs.replace(attempted(delivery, SentAttempt(attempt=attempt, route=route), step, stamp), outcome=None)


def doubt() -> InDoubt:
    """The outcome of an attempt whose worker is lost and of which the final dot may have left."""
    return InDoubt(Diagnosis(reason=Reason.WORKER_LOST, scope=Scope.US, stage=AttemptStage.DOT))


def marked_acceptance(*, final: bool) -> Delivered:
    """The outcome of an attempt that the next hop had accepted when its worker was lost. ``final``: an MX did, no relay."""
    diagnosis = Diagnosis(
        reason=Reason.ACCEPTED, scope=Scope.RECIPIENT, stage=AttemptStage.DOT, reply="accepted; the reply's text was lost"
    )
    return Delivered(diagnosis, final=final)


def outcome_word(outcome: Outcome | Withheld) -> str:
    """The contract's word for an outcome."""
    return _OUTCOME_WORDS.get(type(outcome), "refused")


def _record(sent: SentAttempt, keyset: int | None) -> AttemptRecord:
    attempt, diagnosis = sent.attempt, sent.attempt.outcome.diagnosis
    return AttemptRecord(
        route=sent.route,
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
        digest=sent.digest,
        keyset=keyset,
    )


def _event_data(diagnosis: Diagnosis, step: RetryStep) -> dict[str, Any]:
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


def _event(delivery: LeasedDelivery, after: DeliveryState) -> str | None:
    """The event of a change of state, checked against the table; None where the state stays what it was.

    QUEUED is no change here: a step that says so (the next route at once, a quick retry) leaves the state as it is.
    """
    before = delivery.state
    if after is before or after is DeliveryState.QUEUED:
        return None
    check_transition(before, after)
    return f"message.{after.value}"


def _suppressed_state(delivery: LeasedDelivery) -> DeliveryState:
    """What was in doubt before stays in doubt: its first copy may have arrived."""
    return DeliveryState.IN_DOUBT if delivery.flags & QueueFlag.IN_DOUBT_BEFORE else DeliveryState.SUPPRESSED


def _flags(delivery: LeasedDelivery, step: RetryStep) -> int:
    """How the next turn knows the state that this one leaves (``LeasedDelivery.state``)."""
    flags = delivery.flags & ~QueueFlag.PROVISIONAL
    if step.state is DeliveryState.DEFERRED:
        return flags | QueueFlag.DEFERRED_NOW
    if step.state is DeliveryState.IN_DOUBT:
        return (flags | QueueFlag.IN_DOUBT_BEFORE) & ~QueueFlag.DEFERRED_NOW
    return flags
