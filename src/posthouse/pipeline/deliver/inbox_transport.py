"""The built-in inbox as a transport: the same protocol as the wire, the message stays here (X1).

Test mail, routes named ``inbox:`` and the simulator's recipients end here. What is stored is the bytes that
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

_STORED: Final = Delivered(
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
_CAPACITY: Final = 256


class NewInboxMail(msgspec.Struct, frozen=True):
    """A message for the inbox."""

    delivery: DeliveryKey
    recipient: str
    type: str
    data: bytes


class InboxTransport:
    """``store`` writes a batch; ``fails_together`` as for ``Batcher``."""

    name = RouteKind.INBOX.value

    def __init__(
        self,
        store: Callable[[list[NewInboxMail]], Awaitable[None]],
        clock: Clock,
        fails_together: Callable[[BaseException], bool],
    ) -> None:
        self._batches: Batcher[NewInboxMail, None] = Batcher(self._write, fails_together=fails_together)
        self._store = store
        self._clock = clock

    async def send(self, parcel: Parcel) -> Attempt:
        """Store the message, or answer as the simulator's recipient would."""
        began, started_at = self._clock.monotonic(), self._clock.now()
        outcome = await self._answer(parcel)
        return Attempt(
            outcome=outcome,
            adapter=self.name,
            started_at=started_at,
            duration_ms=(self._clock.monotonic() - began) * 1000,
            host=RouteKind.INBOX.value,
            remote_id="",
        )

    def capacity(self, domain: str) -> int:  # noqa: ARG002 - the protocol of transports
        """There is always capacity."""
        return _CAPACITY

    async def close(self, grace: timedelta) -> None:  # noqa: ARG002 - the protocol of transports
        """Finish what is being written."""
        await self._batches.drain()

    async def _answer(self, parcel: Parcel) -> Outcome | Withheld:
        simulated = simulate(parcel.recipient.rpartition("@")[0], parcel.number) if parcel.domain == DOMAIN else None
        if simulated is None:
            simulated = Simulated(_STORED)
        if simulated.after:
            await asyncio.sleep(simulated.after.total_seconds())
        if not parcel.gate.open():
            return _WITHHELD
        if isinstance(simulated.outcome, Delivered) and parcel.delivery is not None:
            await self._batches.submit(NewInboxMail(parcel.delivery, parcel.recipient, parcel.type, parcel.data))
        return simulated.outcome

    async def _write(self, batch: list[NewInboxMail]) -> list[None]:
        await self._store(batch)
        return [None] * len(batch)
