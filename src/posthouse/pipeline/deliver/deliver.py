"""Deliver: leased, opened, signed, sent, settled.

A delivery comes leased (its attempt is on record), its content is opened and signed into the bytes of its first attempt, the
transport sends it unless the gate stays shut, and its conclusion is settled together with others. Every ending goes through
``conclude``, which settles first and then, once that is durable, counts and alerts.

Must never know: SMTP, reply codes, and a database connection while the network is waited for.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import msgspec
import structlog

from posthouse.mail.dkim import SigningKey
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.keys import DeliveryKey
from posthouse.model.outcome import AttemptStage, Deferred, Delivered, Diagnosis, InDoubt, Outcome, Reason, Scope, Withheld
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.model.settlement import Settlement
from posthouse.model.stored_message import SealedContent
from posthouse.net.entropy import Entropy
from posthouse.net.transports.transport import Transport
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.deliver import conclusion, sign
from posthouse.pipeline.deliver.address_effects import AddressJudge, FinishedAttempt
from posthouse.pipeline.deliver.conclusion import Conclusion, SentAttempt, Stamp
from posthouse.pipeline.deliver.lease import DeliveryGate, Lease
from posthouse.pipeline.deliver.suppression_check import PreSendCheck, SuppressionVerdict
from posthouse.policy.deliver.simulate import complains
from posthouse.store.messages.contents import open_content
from posthouse.store.seal import Sealer
from posthouse.telemetry import metrics

log = structlog.get_logger()

RaiseFailure = Callable[[LeasedDelivery, str, Diagnosis], Awaitable[None]]
FindKeys = Callable[[int, str, int], Awaitable[Sequence[SigningKey]]]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A transport with what the operator set for it. ``per_site``: its capacity is per destination (MX)."""

    name: str
    transport: Transport
    dkim: bool = True
    return_path_from: bool = False
    per_site: bool = False


class DeliverParts(msgspec.Struct, frozen=True, kw_only=True):
    """What delivering needs. ``inbox`` serves test mail and the simulator; ``routes`` all else, in order."""

    routes: tuple[Route, ...]
    inbox: Route
    sealer: Sealer
    clock: Clock
    entropy: Entropy
    keys: FindKeys
    settle: Batcher[Settlement, bool]
    alert: RaiseFailure
    complain: Callable[[LeasedDelivery], Awaitable[None]]
    return_path_domain: str
    check: PreSendCheck
    addresses: AddressJudge


class PreparedDelivery(msgspec.Struct, frozen=True):
    """A parcel with its gate and route, ready to be sent."""

    delivery: LeasedDelivery
    route: Route
    parcel: Parcel
    gate: DeliveryGate
    digest: bytes


class Deliverer:
    """One worker's deliveries. ``prepare`` is quick and does not wait, ``send`` waits for the network; the lease fences both."""

    def __init__(self, parts: DeliverParts, lease: Lease) -> None:
        self._parts = parts
        self._lease = lease

    def route(self, delivery: LeasedDelivery) -> Route:
        """The route it goes over: test mail and the simulator's recipients stay here."""
        if delivery.environment == 0 or delivery.flags & QueueFlag.SIMULATOR or not self._parts.routes:
            return self._parts.inbox
        return self._parts.routes[min(delivery.route, len(self._parts.routes) - 1)]

    def site_capacity(self, site: str) -> int:
        """How many more deliveries a site takes on the first route."""
        return self._parts.routes[0].transport.capacity(site) if self._parts.routes else 0

    async def keys(self, delivery: LeasedDelivery) -> Sequence[SigningKey]:
        """The keys that the first attempt fixed; none where the domain has none (mail that stays in the inbox)."""
        if delivery.keyset is None:
            return ()
        return await self._parts.keys(delivery.tenant, delivery.header_domain, delivery.keyset)

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
            return_path=path,
            recipient=delivery.recipient,
            domain=delivery.site,
            data=data,
            expires_at=delivery.expires_at,
            gate=gate,
            tls_required=bool(delivery.flags & QueueFlag.TLS_REQUIRED),
            smtputf8=bool(delivery.flags & QueueFlag.SMTPUTF8),
            delivery=DeliveryKey(delivery.tenant, delivery.environment, delivery.message, delivery.position),
            type=delivery.type,
            number=delivery.number,
        )
        return PreparedDelivery(delivery, route, parcel, gate, sign.digest(data))

    async def send(self, prepared: PreparedDelivery) -> bool:
        """Send it and settle the outcome; False where nothing was sent and the lease is to be released."""
        attempt = await self._attempt(prepared)
        outcome = attempt.outcome
        if isinstance(outcome, Withheld):
            return await self._end_unsent(prepared)
        prepared.gate.record_outcome(outcome)
        await self.conclude(self._judge(prepared, attempt, outcome))
        prepared.gate.clear()
        return True

    async def expire(self, delivery: LeasedDelivery) -> None:
        """It is too late for another attempt."""
        soft_end = self._parts.addresses.judge_expiry(delivery)
        await self.conclude(conclusion.expired(delivery, self.route(delivery).name, self._stamp(), soft_end))

    async def withhold(self, delivery: LeasedDelivery, verdict: SuppressionVerdict) -> None:
        """It may not be written to, or not now: a suppression that came since intake, or a bounce brake."""
        await self.conclude(conclusion.withheld(delivery, self.route(delivery).name, verdict, self._stamp()))

    async def fail_to_build(self, delivery: LeasedDelivery, error: Exception) -> None:
        """Its message cannot be built."""
        log.error("message cannot be made", type=delivery.type, error=type(error).__name__)
        jitter = self._parts.entropy.fraction()
        await self.conclude(conclusion.unbuildable(delivery, self.route(delivery).name, self._stamp(), jitter))

    async def expire_without_content(self, delivery: LeasedDelivery) -> None:
        """Its content is no longer kept, so it cannot be sent."""
        log.error("content missing", type=delivery.type)
        soft_end = self._parts.addresses.judge_expiry(delivery)
        await self.conclude(conclusion.content_gone(delivery, self.route(delivery).name, self._stamp(), soft_end))

    async def conclude(self, end: Conclusion) -> None:
        """Settle it, and once that is durable count it and alert. Where the lease was lost, whoever has it now does all that."""
        if not await self._parts.settle.submit(end.settlement):
            metrics.FENCED.inc()
            return
        self._count(end)
        delivery = end.settlement.delivery
        if end.verdict is not None:
            await self._parts.check.alert_lockout(delivery, end.verdict)
        if delivery.flags & QueueFlag.SIMULATOR and isinstance(end.outcome, Delivered) and complains(delivery.recipient):
            await self._parts.complain(delivery)
        if end.failure is not None:
            await self._parts.alert(delivery, end.route, end.failure)

    async def _attempt(self, prepared: PreparedDelivery) -> Attempt:
        started = self._parts.clock.now()
        try:
            return await prepared.route.transport.send(prepared.parcel)
        except Exception:  # a bug of ours must not take the worker's other deliveries with it
            log.exception("transport failed", route=prepared.route.name)
            return _broken_attempt(prepared, started)

    def _judge(self, prepared: PreparedDelivery, attempt: Attempt, outcome: Outcome) -> Conclusion:
        """What comes next for the delivery, and what follows for its address."""
        parts, delivery, route, now = self._parts, prepared.delivery, prepared.route, self._parts.clock.now()
        routes = len(parts.routes) if route is not parts.inbox else 1
        step = conclusion.plan(outcome, delivery, routes, now, parts.entropy.fraction())
        finished = FinishedAttempt(
            delivery=delivery,
            attempt=attempt,
            direct=route.per_site,
            soft_bounced=parts.check.take_soft_bounced(delivery),
            at=now,
        )
        step, effects = parts.addresses.judge(finished, step)
        sent = SentAttempt(attempt=attempt, route=route.name, digest=prepared.digest, signed=route.dkim)
        return conclusion.attempted(delivery, sent, step, Stamp(now, parts.entropy.new_id(now)), effects)

    async def _end_unsent(self, prepared: PreparedDelivery) -> bool:
        """The gate stayed shut: expired meanwhile, or the lease is not ours any more."""
        if self._parts.clock.now() >= prepared.delivery.expires_at:
            await self.expire(prepared.delivery)
            return True
        prepared.gate.clear()
        return False

    def _count(self, end: Conclusion) -> None:
        delivery, outcome, suppression = end.settlement.delivery, end.outcome, end.settlement.suppression
        if outcome is not None:
            word = conclusion.outcome_word(outcome)
            metrics.OUTCOMES.labels(end.route, word, outcome.diagnosis.reason.value).inc()
        if end.settlement.final:
            metrics.SETTLED.labels(delivery.built_in, end.state.value).inc()
        if isinstance(outcome, Delivered):
            seconds = (self._parts.clock.now() - delivery.since).total_seconds()
            metrics.LATENCY.labels(delivery.built_in).observe(max(0.0, seconds))
        if suppression is not None:
            metrics.SUPPRESSIONS_ADDED.labels(suppression.cause.value, suppression.source).inc()
        if end.verdict is not None:
            metrics.SUPPRESSED.labels(end.verdict.entry.cause.value, "attempt").inc()

    def _stamp(self) -> Stamp:
        now = self._parts.clock.now()
        return Stamp(now, self._parts.entropy.new_id(now))


def _broken_attempt(prepared: PreparedDelivery, started: datetime) -> Attempt:
    """A transport failed by a bug: in doubt where the body may have left."""
    left = prepared.gate.is_open
    stage = AttemptStage.DOT if left else AttemptStage.CONNECT
    diagnosis = Diagnosis(reason=Reason.UNKNOWN, scope=Scope.US, stage=stage, reply="internal error")
    outcome = InDoubt(diagnosis) if left else Deferred(diagnosis)
    return Attempt(outcome=outcome, adapter=prepared.route.transport.name, started_at=started, duration_ms=0.0)
