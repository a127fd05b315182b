"""Deliver: claimed, opened, signed, carried, settled.

The sentence of this product's second half. A delivery comes leased (its attempt is on record), its content is
opened and signed into the bytes of its first attempt, the transport carries it unless the gate stays
shut, and the outcome is settled together with others. Nothing here speaks SMTP, reads a reply code or holds a
database connection while the network is waited for.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from posthouse.mail.dkim import SigningKey
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.keys import DeliveryKey
from posthouse.model.message_type import MessageType
from posthouse.model.outcome import AttemptStage, Deferred, Delivered, Diagnosis, InDoubt, Reason, Scope, Withheld
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.model.settlement import Settlement
from posthouse.model.stored_message import SealedContent
from posthouse.model.suppression import SuppressionAnswer
from posthouse.net.entropy import Entropy
from posthouse.net.transports.transport import Transport
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.deliver import settlement, sign
from posthouse.pipeline.deliver.lease import DeliveryGate, Lease
from posthouse.pipeline.deliver.suppression_check import NOTHING, PreSendCheck, SuppressionVerdict
from posthouse.policy import types
from posthouse.policy.deliver.retry import RetryStep
from posthouse.policy.deliver.simulate import complains
from posthouse.store.messages.contents import open_content
from posthouse.store.seal import Sealer
from posthouse.telemetry import metrics

log = structlog.get_logger()


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A transport with what the operator said of it. ``per_site``: its room is per destination (MX)."""

    name: str
    transport: Transport
    dkim: bool = True
    return_path_from: bool = False
    per_site: bool = False


class DeliverParts(msgspec.Struct, frozen=True, kw_only=True):
    """What delivering needs. ``inbox`` serves test mail and the simulator; ``routes`` all else, in order.

    ``watch`` looks at the lists once more and says what follows for them; without one nobody is suppressed here.
    """

    routes: tuple[Route, ...]
    inbox: Route
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    keys: Callable[[int, str, int], Awaitable[Sequence[SigningKey]]]
    settle: Batcher[Settlement, bool]
    alert: Callable[[LeasedDelivery, str, Diagnosis], Awaitable[None]]
    complain: Callable[[LeasedDelivery], Awaitable[None]]
    return_path_domain: str
    watch: PreSendCheck | None = None


class PreparedDelivery(msgspec.Struct, frozen=True):
    """A parcel with its gate and route, ready to go."""

    claimed: LeasedDelivery
    route: Route
    parcel: Parcel
    gate: DeliveryGate
    digest: bytes


class Deliverer:
    """One worker's hands: ``prepare`` is quick and without waiting, ``carry`` waits for the network."""

    def __init__(self, parts: DeliverParts, lease: Lease) -> None:
        """The lease says under whose name is settled."""
        self._parts = parts
        self._lease = lease
        self.watch = parts.watch

    def route(self, delivery: LeasedDelivery) -> Route:
        """Where it goes: test mail and the simulator's recipients stay here."""
        if delivery.environment == 0 or delivery.flags & QueueFlag.SIMULATOR or not self._parts.routes:
            return self._parts.inbox
        return self._parts.routes[min(delivery.route, len(self._parts.routes) - 1)]

    def site_room(self, site: str) -> int:
        """How many more deliveries a site takes on the first route."""
        return self._parts.routes[0].transport.room(site) if self._parts.routes else 0

    def prepare(self, delivery: LeasedDelivery, sealed: SealedContent, keys: Sequence[SigningKey]) -> PreparedDelivery:
        """Open, complete and sign: about half a millisecond, nearly all of it RSA."""
        parts, route = self._parts, self.route(delivery)
        content = open_content(parts.sealer, sealed.sealed, sealed.key_id, delivery.message.bytes)
        data = sign.wire_bytes(delivery, content, keys if route.dkim else ())
        gate = DeliveryGate(self._lease, delivery, parts.clock)
        path = (
            content.header_from if route.return_path_from else sign.return_path(parts.sealer, delivery, parts.return_path_domain)
        )
        parcel = Parcel(
            return_path=path, recipient=delivery.recipient, domain=delivery.site, data=data, expires_at=delivery.expires_at, gate=gate,
            tls_required=bool(delivery.flags & QueueFlag.TLS_REQUIRED), smtputf8=bool(delivery.flags & QueueFlag.SMTPUTF8),
            delivery=DeliveryKey(delivery.tenant, delivery.environment, delivery.message, delivery.position), type=delivery.type,
            number=delivery.number,
        )  # fmt: skip
        return PreparedDelivery(delivery, route, parcel, gate, sign.digest(data))

    async def keys(self, delivery: LeasedDelivery) -> Sequence[SigningKey]:
        """The keys that the first attempt fixed; none where the domain has none (mail that stays in the inbox)."""
        if delivery.keyset is None:
            return ()
        return await self._parts.keys(delivery.tenant, delivery.header_domain, delivery.keyset)

    async def send(self, prepared: PreparedDelivery) -> bool:
        """Hand over and settle; False where nothing was tried and the lease is to be given back."""
        started = self._parts.clock.now()
        try:
            attempt = await prepared.route.transport.send(prepared.parcel)
        except Exception:  # a bug of ours must not take the worker's other deliveries with it
            log.exception("transport failed", route=prepared.route.name)
            attempt = self._broken(prepared, started)
        if isinstance(attempt.outcome, Withheld):
            return await self._withheld(prepared)
        prepared.gate.answered(attempt.outcome)
        message_type = types.BY_NAME[prepared.claimed.built_in]
        await self._conclude(prepared, attempt, message_type)
        prepared.gate.settled()
        return True

    async def expire(self, delivery: LeasedDelivery) -> None:
        """Too late for another try; operations are told if there was one."""
        soft = self.watch.ended(delivery) if self.watch is not None else None
        row, step = settlement.expired(delivery, self._parts.clock.now(), self._new_id(), soft)
        if not await self._settle(row):
            metrics.FENCED.inc()
            return
        metrics.SETTLED.labels(delivery.built_in, step.state.value).inc()
        if step.exhausted:
            said = Diagnosis(reason=Reason.EXPIRED, scope=Scope.MESSAGE, stage=AttemptStage.RESOLVE)
            await self._parts.alert(delivery, self.route(delivery).name, said)

    async def withhold(self, delivery: LeasedDelivery, verdict: SuppressionVerdict) -> None:
        """It may not be written to, or not now: an entry that came since intake, or the brakes."""
        now, cause, entry = self._parts.clock.now(), verdict.entry.cause.value, verdict.entry.id
        blocked = verdict.ruling.answer is SuppressionAnswer.BLOCK
        if blocked or self.watch is None:
            row = settlement.suppressed(delivery, cause, entry, now, self._new_id())
        else:
            row = settlement.held(delivery, cause, entry, self.watch.recheck(verdict, now), now, self._new_id())
        if not await self._settle(row):
            metrics.FENCED.inc()
            return
        metrics.SUPPRESSED.labels(cause, "attempt").inc()
        if row.final:
            metrics.SETTLED.labels(delivery.built_in, settlement.suppressed_as(delivery).value).inc()
        if self.watch is not None:
            await self.watch.told(delivery, verdict)

    async def unmade(self, delivery: LeasedDelivery, error: Exception) -> None:
        """Its bytes cannot be made (a key that does not open it, a bug): an attempt that failed on our side, and its wait."""
        log.error("message cannot be made", type=delivery.type, error=type(error).__name__)
        now = self._parts.clock.now()
        said = Deferred(
            Diagnosis(reason=Reason.UNKNOWN, scope=Scope.US, stage=AttemptStage.RESOLVE, reply="the message cannot be made")
        )
        attempt = Attempt(outcome=said, adapter="", started_at=now, duration_ms=0.0)
        step = settlement.judge(said, delivery, types.BY_NAME[delivery.built_in], 1, now, self._parts.entropy.fraction())
        name = self.route(delivery).name
        await self._settle(
            settlement.settlement(delivery, attempt, step, route=name, digest=None, now=now, event_id=self._new_id())
        )
        if step.exhausted:
            await self._parts.alert(delivery, name, said.diagnosis)

    async def gone(self, delivery: LeasedDelivery) -> None:
        """Its content is no longer kept: it cannot be sent, and says so."""
        diagnosis = Diagnosis(
            reason=Reason.EXPIRED, scope=Scope.MESSAGE, stage=AttemptStage.RESOLVE, reply="content no longer kept"
        )
        log.error("content missing", type=delivery.type)
        await self.expire(delivery)
        await self._parts.alert(delivery, self.route(delivery).name, diagnosis)

    async def _conclude(self, prepared: PreparedDelivery, attempt: Attempt, message_type: MessageType) -> None:
        parts, delivery = self._parts, prepared.claimed
        if isinstance(attempt.outcome, Withheld):
            return
        now = parts.clock.now()
        routes = len(parts.routes) if prepared.route is not parts.inbox else 1
        step = settlement.judge(attempt.outcome, delivery, message_type, routes, now, parts.entropy.fraction())
        follows = NOTHING
        if self.watch is not None:
            step, follows = self.watch.follow(delivery, attempt, step, direct=prepared.route.per_site, now=now)
        row = settlement.settlement(
            delivery, attempt, step, route=prepared.route.name, digest=prepared.digest, now=now, event_id=self._new_id(),
            signed=prepared.route.dkim, follows=follows,
        )  # fmt: skip
        if not await self._settle(row):
            metrics.FENCED.inc()
            return
        self._count(prepared, attempt, step)
        if follows.entry is not None:
            metrics.SUPPRESSIONS_ADDED.labels(follows.entry.cause.value, follows.entry.source).inc()
        if isinstance(attempt.outcome, Delivered) and complains(delivery.recipient):
            await parts.complain(delivery)
        if step.exhausted:
            await parts.alert(delivery, prepared.route.name, attempt.outcome.diagnosis)

    async def _withheld(self, prepared: PreparedDelivery) -> bool:
        if self._parts.clock.now() < prepared.claimed.expires_at:
            prepared.gate.settled()
            return False
        await self.expire(prepared.claimed)
        return True

    async def _settle(self, row: Settlement) -> bool:
        return await self._parts.settle.submit(row)

    def _count(self, prepared: PreparedDelivery, attempt: Attempt, step: RetryStep) -> None:
        delivery, said = prepared.claimed, attempt.outcome
        metrics.OUTCOMES.labels(prepared.route.name, settlement.outcome_word(said), said.diagnosis.reason.value).inc()
        if step.final:
            metrics.SETTLED.labels(delivery.built_in, step.state.value).inc()
        if isinstance(said, Delivered):
            metrics.LATENCY.labels(delivery.built_in).observe(
                max(0.0, (self._parts.clock.now() - delivery.since).total_seconds())
            )

    def _broken(self, prepared: PreparedDelivery, started: datetime) -> Attempt:
        diagnosis = Diagnosis(
            reason=Reason.UNKNOWN,
            scope=Scope.US,
            stage=AttemptStage.DOT if prepared.gate.opened else AttemptStage.CONNECT,
            reply="internal error",
        )
        said = InDoubt(diagnosis) if prepared.gate.opened else Deferred(diagnosis)
        return Attempt(outcome=said, adapter=prepared.route.transport.name, started_at=started, duration_ms=0.0)

    def _new_id(self) -> UUID:
        return self._parts.entropy.new_id(self._parts.clock.now())
