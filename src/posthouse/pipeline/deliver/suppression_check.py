"""Who is not written to: looked up at intake, looked up again right before the attempt, and what an attempt means for the list.

*At intake* the addresses of concurrent requests share one query (``coalesce``: no timer), so a process that is busy asks
rarely and an idle one at once. Nothing is remembered between requests: an entry that is committed binds the next request,
also the next one of the same caller. That costs one short round trip a request when idle, and next to nothing when busy.

*Before the attempt* one query a claim looks at what was claimed: an entry may have come since. It also says whose soft
bounces are counted, so that a delivery to anybody else writes nothing.

*After the attempt* a hard bounce becomes an entry and a soft end is counted, in the transaction that settles it. While a
provider's brake is on, what it says of its mailboxes is not believed: the entry is provisional and the mail waits.

Known sharp edges: recipients at ``simulator.test`` are never entered, or the simulator would work once. Between claim and attempt
lie moments in which a new entry is not seen.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.model import ids
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.delivery import DeliveryState
from posthouse.model.keys import LookupKey
from posthouse.model.outcome import Bounced, Delivered, Withheld
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.model.suppression import (
    NOT_LISTED,
    Cause,
    ListedAddress,
    Ruling,
    SoftEnd,
    SuppressionAnswer,
    SuppressionEntry,
    SuppressionFact,
)
from posthouse.model.time_format import iso_millis
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.policy import types
from posthouse.policy.deliver.retry import RetryStep
from posthouse.policy.recipients import soft_bounces
from posthouse.policy.recipients.bounce import suppresses
from posthouse.policy.recipients.bounce_brake import RECHECK, provider_of
from posthouse.policy.recipients.suppress import judge
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import suppression_lookup
from posthouse.store.recipients.suppression_lookup import AddressKey

SOURCE: Final = "smtp"
_UNDELIVERED: Final = frozenset({DeliveryState.BOUNCED, DeliveryState.EXPIRED, DeliveryState.FAILED})
_MOST_REMEMBERED: Final = 100_000
_SOON: Final = timedelta(seconds=5)
_Name = tuple[UUID, int, int]


class AddressEffects(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt means for its address; see ``store.queue.settle.Settlement``. ``held``: it waits for the brakes."""

    entry: SuppressionEntry | None = None
    soft: SoftEnd | None = None
    arrived: bytes | None = None
    held: bool = False


NOTHING: Final = AddressEffects()


class SuppressionVerdict(msgspec.Struct, frozen=True):
    """Why a delivery is not attempted: blocked, or held until a moment."""

    entry: SuppressionFact
    ruling: Ruling
    stream: str
    held_until: datetime | None = None


class PreSendCheck:
    """The second look, and what follows; one per worker."""

    def __init__(
        self,
        key: AddressKey,
        clock: Clock,
        new_id: Callable[[datetime], UUID],
        brakes: BounceBrakes,
        alarm: Callable[..., Awaitable[None]],
    ) -> None:
        """``alarm`` as ``Lockouts``."""
        self._key = key
        self._clock = clock
        self._new_id = new_id
        self._alarm = alarm
        self._verdicts: dict[_Name, SuppressionVerdict] = {}
        self._counted: dict[_Name, None] = {}
        self.brakes = brakes

    async def learn(self, session: Session, taken: Sequence[LeasedDelivery]) -> None:
        """Look at what was just claimed; one query, and none where only the simulator is written to."""
        real = [delivery for delivery in taken if not delivery.flags & QueueFlag.SIMULATOR]
        if not real:
            return
        asked = [LookupKey(c.tenant, c.environment, self._key.of(c.recipient), c.flow) for c in real]
        found = await suppression_lookup.check(session, asked, self._clock.now())
        for delivery, listed in zip(real, found, strict=True):
            if listed is not NOT_LISTED:
                self._remember(delivery, listed)

    def verdict(self, delivery: LeasedDelivery) -> SuppressionVerdict | None:
        """Why this one is not to be attempted now; None where it is. Answered once."""
        return self._verdicts.pop(_name(delivery), None) if self._verdicts else None

    async def told(self, delivery: LeasedDelivery, verdict: SuppressionVerdict) -> None:
        """It was withheld; operations hear of it where somebody is locked out."""
        if verdict.ruling.alarm:
            await self._alarm(delivery.tenant, delivery.environment, delivery.type, verdict.stream, verdict.entry, verdict.ruling)

    def recheck(self, verdict: SuppressionVerdict, now: datetime) -> datetime:
        """When to look again at one that is held: often enough to notice that it was taken back."""
        return min(now + RECHECK, max(verdict.held_until or now, now + _SOON))

    def ended(self, delivery: LeasedDelivery) -> SoftEnd | None:
        """A delivery that expired before another attempt; history knows what the last one heard."""
        return None if not delivery.tries or delivery.flags & QueueFlag.SIMULATOR else self._soft(delivery, None, "")

    def follow(
        self, delivery: LeasedDelivery, attempt: Attempt, step: RetryStep, *, direct: bool, now: datetime
    ) -> tuple[RetryStep, AddressEffects]:
        """The step as the brakes leave it, and what follows for the address. ``direct``: the answer came from a mailbox provider."""
        said = attempt.outcome
        counted = self._counted.pop(_name(delivery), "none") is None if self._counted else False
        if delivery.flags & QueueFlag.SIMULATOR or isinstance(said, Withheld):
            return step, NOTHING
        provider = provider_of(attempt.host if direct and attempt.host else delivery.site)
        gone = isinstance(said, Bounced) and suppresses(said.diagnosis)
        if direct and isinstance(said, Delivered | Bounced):
            self.brakes.hear((delivery.tenant, delivery.environment, provider), hard=gone)
        if isinstance(said, Delivered):
            return step, AddressEffects(arrived=self._key.of(delivery.recipient)) if counted else NOTHING
        if not step.final or step.state not in _UNDELIVERED:
            return step, NOTHING
        if gone:
            return self._bounced(delivery, attempt, step, provider, now)
        if soft_bounces.counts(said):
            return step, AddressEffects(soft=self._soft(delivery, said.diagnosis.reason.value, said.diagnosis.reply))
        return step, NOTHING

    def _bounced(
        self, delivery: LeasedDelivery, attempt: Attempt, step: RetryStep, provider: str, now: datetime
    ) -> tuple[RetryStep, AddressEffects]:
        entry = SuppressionEntry(
            id=self._new_id(now), address=delivery.recipient, lookup=self._key.of(delivery.recipient), cause=Cause.HARD_BOUNCE,
            source=SOURCE, reason=attempt.outcome.diagnosis.reason.value, evidence=_evidence(delivery, attempt), provider=provider,
        )  # fmt: skip
        held_until = self.brakes.until((delivery.tenant, delivery.environment, provider), now)
        if held_until is None or now + _SOON >= delivery.expires_at:
            return step, AddressEffects(entry=entry)
        due = min(now + RECHECK, max(held_until, now + _SOON), delivery.expires_at)
        waiting = msgspec.structs.replace(step, state=DeliveryState.DEFERRED, due=due, final=False, exhausted=False)
        return waiting, AddressEffects(entry=entry, held=True)

    def _soft(self, delivery: LeasedDelivery, reason: str | None, reply: str) -> SoftEnd:
        return SoftEnd(
            tenant=delivery.tenant, environment=delivery.environment, lookup=self._key.of(delivery.recipient), address=delivery.recipient,
            message=delivery.message, position=delivery.position, reason=reason, reply=reply, id=self._new_id(self._clock.now()),
        )  # fmt: skip

    def _remember(self, delivery: LeasedDelivery, listed: ListedAddress) -> None:
        if listed.counted:
            _keep(self._counted, _name(delivery), None)
        judged = judge(
            listed.entries, types.BY_NAME[delivery.built_in].message_class, listed.stream,
            legal_passes_security=listed.legal_passes_security,
        )  # fmt: skip
        if judged is not None and judged[1].answer is not SuppressionAnswer.PASS:
            held_until = listed.held_until if judged[1].answer is SuppressionAnswer.DEFER else None
            _keep(self._verdicts, _name(delivery), SuppressionVerdict(*judged, listed.stream, held_until))


def _keep(memory: dict[_Name, Any], name: _Name, value: object) -> None:
    """What was claimed, looked at, and given back unattempted is never asked for: the oldest of those goes."""
    while len(memory) >= _MOST_REMEMBERED:
        del memory[next(iter(memory))]
    memory[name] = value


def _name(delivery: LeasedDelivery) -> _Name:
    return delivery.message, delivery.position, delivery.number


def _evidence(delivery: LeasedDelivery, attempt: Attempt) -> dict[str, Any]:
    said = attempt.outcome.diagnosis
    heard = {
        "message": ids.text("msg", delivery.message), "position": delivery.position, "attempt": delivery.number, "host": attempt.host,
        "stage": said.stage.value, "replyCode": said.reply_code, "enhancedCode": said.enhanced_code, "reply": said.reply.replace("\0", ""),
        "at": iso_millis(attempt.started_at),
    }  # fmt: skip
    return {name: value for name, value in heard.items() if value not in (None, "")}
