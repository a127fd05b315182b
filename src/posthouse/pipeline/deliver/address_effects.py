"""What does an attempt mean for its address?

A hard bounce suppresses it, a soft end is counted, an arrival sets the count back.

The effects are written in the transaction that settles the attempt. While a mailbox provider's bounce brake is on,
what it says of its mailboxes is not believed: the suppression is provisional and the mail waits.

Known sharp edges: recipients at ``simulator.test`` are never suppressed, or the simulator would work once.

Must never know: how suppressions are stored.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.model import ids
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.delivery import DeliveryState
from posthouse.model.outcome import Bounced, Delivered, Withheld
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.model.suppression import Cause, SoftBounce, SuppressionEntry
from posthouse.model.time_format import iso_millis
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.policy.deliver.retry import RetryStep
from posthouse.policy.recipients import soft_bounces
from posthouse.policy.recipients.bounce import suppresses
from posthouse.policy.recipients.bounce_brake import RECHECK, provider_of
from posthouse.store.recipients.bounce_brakes import Provider
from posthouse.store.recipients.suppression_lookup import AddressKey

SOURCE: Final = "smtp"
SHORTEST_WAIT: Final = timedelta(seconds=5)
_UNDELIVERED: Final = frozenset({DeliveryState.BOUNCED, DeliveryState.EXPIRED, DeliveryState.FAILED})


class AddressEffects(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of ``model.settlement.Settlement`` that concern the address. ``provisional``: the mail waits for the brake."""

    suppression: SuppressionEntry | None = None
    soft_end: SoftBounce | None = None
    delivered_lookup: bytes | None = None
    provisional: bool = False


NO_EFFECTS: Final = AddressEffects()


class FinishedAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt and where it came from. ``direct``: a mailbox provider answered, no relay; ``soft_bounced``: a count is kept."""

    delivery: LeasedDelivery
    attempt: Attempt
    direct: bool
    soft_bounced: bool
    at: datetime


class AddressJudge:
    """One per worker: the key that addresses are hashed under, and what it knows of the bounce brakes."""

    def __init__(self, key: AddressKey, clock: Clock, new_id: Callable[[datetime], UUID], brakes: BounceBrakes) -> None:
        self._key = key
        self._clock = clock
        self._new_id = new_id
        self._brakes = brakes

    def judge(self, finished: FinishedAttempt, step: RetryStep) -> tuple[RetryStep, AddressEffects]:
        """The step, which waits where the provider's brake is on, and what follows for the address."""
        delivery, outcome = finished.delivery, finished.attempt.outcome
        if delivery.flags & QueueFlag.SIMULATOR or isinstance(outcome, Withheld):
            return step, NO_EFFECTS
        host = finished.attempt.host if finished.direct and finished.attempt.host else delivery.site
        provider = (delivery.tenant, delivery.environment, provider_of(host))
        hard = isinstance(outcome, Bounced) and suppresses(outcome.diagnosis)
        if finished.direct and isinstance(outcome, Delivered | Bounced):
            self._brakes.count_answer(provider, hard=hard)
        if isinstance(outcome, Delivered):
            return step, AddressEffects(
                delivered_lookup=self._key.of(delivery.recipient)
            ) if finished.soft_bounced else NO_EFFECTS
        if not step.final or step.state not in _UNDELIVERED:
            return step, NO_EFFECTS
        if hard:
            return self._hard_bounce(finished, step, provider)
        if soft_bounces.counts(outcome):
            diagnosis = outcome.diagnosis
            return step, AddressEffects(soft_end=self._soft_end(delivery, diagnosis.reason.value, diagnosis.reply))
        return step, NO_EFFECTS

    def judge_expiry(self, delivery: LeasedDelivery) -> SoftBounce | None:
        """A delivery that expired before another attempt; the history knows the last reply."""
        return None if not delivery.tries or delivery.flags & QueueFlag.SIMULATOR else self._soft_end(delivery, None, "")

    def _hard_bounce(self, finished: FinishedAttempt, step: RetryStep, provider: Provider) -> tuple[RetryStep, AddressEffects]:
        delivery, now = finished.delivery, finished.at
        suppression = self._suppression(finished, provider[2])
        braked_until = self._brakes.until(provider, now)
        if braked_until is None or now + SHORTEST_WAIT >= delivery.expires_at:
            return step, AddressEffects(suppression=suppression)
        due = min(recheck_at(braked_until, now), delivery.expires_at)
        waiting = msgspec.structs.replace(step, state=DeliveryState.DEFERRED, due=due, final=False, exhausted=False)
        return waiting, AddressEffects(suppression=suppression, provisional=True)

    def _suppression(self, finished: FinishedAttempt, provider: str) -> SuppressionEntry:
        recipient = finished.delivery.recipient
        return SuppressionEntry(
            id=self._new_id(finished.at),
            address=recipient,
            lookup=self._key.of(recipient),
            cause=Cause.HARD_BOUNCE,
            source=SOURCE,
            reason=finished.attempt.outcome.diagnosis.reason.value,
            evidence=_evidence(finished.delivery, finished.attempt),
            provider=provider,
        )

    def _soft_end(self, delivery: LeasedDelivery, reason: str | None, reply: str) -> SoftBounce:
        return SoftBounce(
            tenant=delivery.tenant,
            environment=delivery.environment,
            lookup=self._key.of(delivery.recipient),
            address=delivery.recipient,
            message=delivery.message,
            position=delivery.position,
            reason=reason,
            reply=reply,
            id=self._new_id(self._clock.now()),
        )


def recheck_at(braked_until: datetime, now: datetime) -> datetime:
    """When to look again at a delivery that waits for a brake: often enough to notice that its suppression was undone."""
    return min(now + RECHECK, max(braked_until, now + SHORTEST_WAIT))


def _evidence(delivery: LeasedDelivery, attempt: Attempt) -> dict[str, Any]:
    """What the suppression rests on; what is empty is left out."""
    diagnosis = attempt.outcome.diagnosis
    evidence = {
        "message": ids.text("msg", delivery.message),
        "position": delivery.position,
        "attempt": delivery.number,
        "host": attempt.host,
        "stage": diagnosis.stage.value,
        "replyCode": diagnosis.reply_code,
        "enhancedCode": diagnosis.enhanced_code,
        "reply": diagnosis.reply.replace("\0", ""),
        "at": iso_millis(attempt.started_at),
    }
    return {name: value for name, value in evidence.items() if value not in (None, "")}
