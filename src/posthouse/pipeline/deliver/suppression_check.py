"""Who is not written to: looked up at intake, and looked up again right before the attempt.

*At intake* the addresses of concurrent requests share one query (``pipeline.batching``: no timer), so a process that
is busy queries rarely and an idle one at once. Nothing is remembered between requests: an entry that is committed
binds the next request, also the next one of the same caller. That costs one short round trip a request when idle, and
next to nothing when busy.

*Before the attempt* one query a claim looks at what was claimed: an entry may have come since. It also says whose
soft bounces are counted, so that a delivery to anybody else writes nothing.

Known sharp edges: between claim and attempt lie moments in which a new entry is not seen.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from posthouse.model.clock import Clock
from posthouse.model.keys import LookupKey
from posthouse.model.queue import AttemptKey, LeasedDelivery, QueueFlag
from posthouse.model.suppression import (
    NOT_LISTED,
    ListedAddress,
    Ruling,
    SuppressionAnswer,
    SuppressionFact,
)
from posthouse.policy import types
from posthouse.policy.recipients.suppress import judge
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import suppression_lookup
from posthouse.store.recipients.suppression_lookup import AddressKey

_MOST_REMEMBERED: Final = 100_000


class SuppressionVerdict(msgspec.Struct, frozen=True):
    """Why a delivery is not attempted now: blocked, or waiting for a bounce brake until a moment."""

    entry: SuppressionFact
    ruling: Ruling
    stream: str
    braked_until: datetime | None = None

    @property
    def blocks(self) -> bool:
        """True: it may not be written to; False: not now."""
        return self.ruling.answer is SuppressionAnswer.BLOCK


class PreSendCheck:
    """The look right before the attempt; one per worker.

    One query a claim looks up everybody who was claimed; the few who are listed are remembered until their turn
    comes, so that the common case costs nothing more.
    """

    def __init__(self, key: AddressKey, clock: Clock, lockout_alert: Callable[..., Awaitable[None]]) -> None:
        """``lockout_alert`` as ``pipeline.alerts.lockout.Lockouts``."""
        self._key = key
        self._clock = clock
        self._lockout_alert = lockout_alert
        self._verdicts: dict[AttemptKey, SuppressionVerdict] = {}
        self._soft_bounced: dict[AttemptKey, None] = {}

    async def load(self, session: Session, claimed: Sequence[LeasedDelivery]) -> None:
        """Look up what was just claimed; one query, and none where only the simulator is written to."""
        real = [delivery for delivery in claimed if not delivery.flags & QueueFlag.SIMULATOR]
        if not real:
            return
        keys = [LookupKey(each.tenant, each.environment, self._key.of(each.recipient), each.flow) for each in real]
        for delivery, listed in zip(real, await suppression_lookup.check(session, keys, self._clock.now()), strict=True):
            if listed is not NOT_LISTED:
                self._remember(delivery, listed)

    def take_verdict(self, delivery: LeasedDelivery) -> SuppressionVerdict | None:
        """Why this one is not to be attempted now; None where it is. Known once."""
        return self._verdicts.pop(delivery.attempt_key, None) if self._verdicts else None

    def take_soft_bounced(self, delivery: LeasedDelivery) -> bool:
        """Whether soft bounces of its address are counted, so that an arrival must set the count back. Known once."""
        return delivery.attempt_key in self._soft_bounced and self._soft_bounced.pop(delivery.attempt_key) is None

    async def alert_lockout(self, delivery: LeasedDelivery, verdict: SuppressionVerdict) -> None:
        """It was withheld; raise the alert where that locks somebody out."""
        if verdict.ruling.alarm:
            await self._lockout_alert(
                delivery.tenant, delivery.environment, delivery.type, verdict.stream, verdict.entry, verdict.ruling
            )

    def _remember(self, delivery: LeasedDelivery, listed: ListedAddress) -> None:
        if listed.counted:
            _put(self._soft_bounced, delivery.attempt_key, None)
        judged = judge(
            listed.entries,
            types.BY_NAME[delivery.built_in].message_class,
            listed.stream,
            legal_passes_security=listed.legal_passes_security,
        )
        if judged is None:
            return
        entry, ruling = judged
        if ruling.answer is not SuppressionAnswer.PASS:
            braked_until = listed.held_until if ruling.answer is SuppressionAnswer.DEFER else None
            _put(self._verdicts, delivery.attempt_key, SuppressionVerdict(entry, ruling, listed.stream, braked_until))


def _put(memory: dict[AttemptKey, Any], key: AttemptKey, value: object) -> None:
    """Remember; a delivery that was released unattempted is never looked up again, so the oldest of those go."""
    while len(memory) >= _MOST_REMEMBERED:
        del memory[next(iter(memory))]
    memory[key] = value
