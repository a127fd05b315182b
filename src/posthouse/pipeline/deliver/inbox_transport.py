"""The built-in inbox as a transport: the same contract as the wire, the mail stays here (X1).

Test mail, routes named ``inbox:`` and the simulator's recipients end here. What is kept is the bytes that
would have been on the wire, signatures and all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import msgspec

from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.keys import DeliveryKey
from posthouse.model.outcome import AttemptStage, Delivered, Diagnosis, Outcome, Reason, Scope, Withheld
from posthouse.model.route import RouteKind
from posthouse.pipeline.batching import Batcher
from posthouse.policy.deliver.simulate import DOMAIN, Simulated, simulate

_KEPT: Final = Delivered(
    Diagnosis(
        reason=Reason.ACCEPTED,
        scope=Scope.RECIPIENT,
        stage=AttemptStage.DOT,
        reply_code=250,
        enhanced_code="2.0.0",
        reply="250 2.0.0 Kept",
    )
)
_WITHHELD: Final = Withheld(Diagnosis(reason=Reason.EXPIRED, scope=Scope.MESSAGE, stage=AttemptStage.DATA))
_ROOM: Final = 256


class InboxMailToKeep(msgspec.Struct, frozen=True):
    """A mail for the inbox."""

    delivery: DeliveryKey
    recipient: str
    type: str
    data: bytes


class InboxTransport:
    """``keep`` stores a batch."""

    name = RouteKind.INBOX.value

    def __init__(
        self,
        keep: Callable[[list[InboxMailToKeep]], Awaitable[None]],
        clock: Clock,
        fails_together: Callable[[BaseException], bool],
    ) -> None:
        """Nothing is held between calls but what is being written."""
        self._keep: Batcher[InboxMailToKeep, None] = Batcher(self._write, fails_together=fails_together)
        self._store = keep
        self._clock = clock

    async def send(self, parcel: Parcel) -> Attempt:
        """Keep the mail, or answer as the simulator's recipient would."""
        began, started = self._clock.monotonic(), self._clock.now()
        outcome = await self._answer(parcel)
        return Attempt(
            outcome=outcome,
            adapter=self.name,
            started_at=started,
            duration_ms=(self._clock.monotonic() - began) * 1000,
            host=RouteKind.INBOX.value,
            remote_id="",
        )

    def room(self, domain: str) -> int:  # noqa: ARG002 - the contract of transports
        """There is always room."""
        return _ROOM

    async def close(self, grace: timedelta) -> None:  # noqa: ARG002 - the contract of transports
        """Finish what is being written."""
        await self._keep.drain()

    async def _answer(self, parcel: Parcel) -> Outcome | Withheld:
        simulated = simulate(parcel.recipient.rpartition("@")[0], parcel.number) if parcel.domain == DOMAIN else None
        if simulated is None:
            simulated = Simulated(_KEPT)
        if simulated.after:
            await asyncio.sleep(simulated.after.total_seconds())
        if not parcel.gate.open():
            return _WITHHELD
        if isinstance(simulated.outcome, Delivered) and parcel.delivery is not None:
            await self._keep.submit(InboxMailToKeep(parcel.delivery, parcel.recipient, parcel.type, parcel.data))
        return simulated.outcome

    async def _write(self, kept: list[InboxMailToKeep]) -> list[None]:
        await self._store(kept)
        return [None] * len(kept)
