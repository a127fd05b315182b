"""A worker without a wire: real queue, lists and settlements, a scripted receiver, and time that is told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.attempt import Attempt
from posthouse.model.message_type import Lane
from posthouse.model.outcome import AttemptStage, Bounced, Deferred, Delivered, Diagnosis, Outcome, Reason, Scope
from posthouse.model.queue import LeasedDelivery
from posthouse.model.send_request import Environment
from posthouse.model.settlement import Settlement
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.deliver.address_effects import AddressJudge
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.pipeline.deliver.deliver import Deliverer, DeliverParts, PreparedDelivery, Route
from posthouse.pipeline.deliver.suppression_check import PreSendCheck
from posthouse.policy import types
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue, settle, workers
from posthouse.store.recipients.suppression_lookup import AddressKey, load_key
from posthouse.testing.clock import FakeClock
from tests.support import rows
from tests.support.accepted import SEALER
from tests.support.use_cases import admin_context, operator

Answering = Callable[[LeasedDelivery], Outcome]
LONG = timedelta(days=60)


def said(reason: Reason, code: int, enhanced: str | None, text: str, scope: Scope = Scope.RECIPIENT) -> Diagnosis:
    return Diagnosis(
        reason=reason, scope=scope, stage=AttemptStage.RCPT, reply_code=code, enhanced_code=enhanced, reply=f"{code} {text}"
    )


YES = Delivered(said(Reason.ACCEPTED, 250, "2.0.0", "Ok"))
UNKNOWN = Bounced(said(Reason.UNKNOWN_RECIPIENT, 550, "5.1.1", "The email account that you tried to reach does not exist"))
FULL = Deferred(said(Reason.MAILBOX_FULL, 452, "4.2.2", "The mailbox is over its quota"))
DISABLED = Bounced(said(Reason.MAILBOX_DISABLED, 550, "5.2.1", "The account is disabled"))
GREY = Deferred(said(Reason.GREYLISTED, 451, "4.7.1", "Greylisted", Scope.SITE))
BLOCKED = Bounced(said(Reason.POLICY_BLOCKED, 550, "5.7.1", "Blocked", Scope.SITE))


class Receiver:
    """A transport: answers as the script says, from the host ``mx.<site>``."""

    name = "mx"

    def __init__(self) -> None:
        self.answering: Answering = lambda _: YES
        self.tried: list[str] = []

    async def send(self, parcel: Any) -> Attempt:
        delivery = cast("LeasedDelivery", parcel)
        self.tried.append(delivery.recipient)
        return Attempt(
            outcome=self.answering(delivery),
            adapter="mx",
            started_at=delivery.first_attempt_at,
            duration_ms=1.0,
            host=f"mx.{delivery.site}[192.0.2.1]",
        )


class _Gate:
    is_open = True

    def record_outcome(self, _: Outcome) -> None:
        """Nothing leaves."""

    def clear(self) -> None:
        """Nothing left."""


class Posting:
    """``send`` puts messages into the queue, ``work`` tries what is due, ``clock`` is time."""

    def __init__(self, database: Database, clock: FakeClock, key: AddressKey, worker: int) -> None:
        self.database, self.clock, self.key, self.worker = database, clock, key, worker
        entropy = Entropy()
        self.check = PreSendCheck(key, clock, Lockouts(database, clock, entropy))
        self.brakes = BounceBrakes(database, clock, entropy)
        self.receiver, self.entropy = Receiver(), entropy
        route = Route(name="mx", transport=cast("Any", self.receiver), per_site=True)
        settling: Batcher[Settlement, bool] = Batcher(self._settle, fails_together=lambda _: False)
        self.delivering = Deliverer(
            DeliverParts(
                routes=(route,),
                inbox=route,
                sealer=SEALER,
                clock=clock,
                entropy=self.entropy,
                keys=cast("Any", None),
                settle=settling,
                alert=self._quiet,
                complain=self._quiet,
                return_path_domain="bounce.test",
                check=self.check,
                addresses=AddressJudge(key, clock, entropy.new_id, self.brakes),
            ),
            cast("Any", None),
        )
        self.route = route

    async def send(self, *addresses: str, type: str = "transactional", environment: int = 1, **changed: Any) -> list[UUID]:
        """A message to each."""
        kind, now = types.BY_NAME[type], self.clock.now()
        stream = changed.pop("stream", "transactional")
        async with self.database.session() as connection:
            flow = await accept.flow(connection, 1, environment, stream)
            made = [
                rows.message(
                    now,
                    lane=kind.lane,
                    recipients=(address,),
                    type=type,
                    stream=stream,
                    flow=flow,
                    environment=environment,
                    expires_at=now + kind.expires_after,
                    deadline=now,
                    id=self.entropy.new_id(now),
                    **changed,
                )
                for address in addresses
            ]
            await accept.accept(connection, made, now, self.entropy.new_id)
        return [row.id for row in made]

    async def claim(self) -> list[LeasedDelivery]:
        """Lease everything that is ready or due now."""
        async with self.database.session() as connection:
            await queue.promote(connection, self.clock.now())
            delivery = []
            for lane in Lane:
                heads = await queue.flows_ready(connection, lane)
                delivery += (
                    (await queue.claim(connection, self.worker, self.clock.now(), [(head, 1000) for head in heads], ()))[0]
                    if heads
                    else []
                )
            await self.check.load(connection, delivery)
        return delivery

    async def work(self) -> int:
        """Everything that is ready or due now, once; how many were claimed."""
        claimed = await self.claim()
        for each in claimed:
            await self._one(each)
        await self.brakes.tick()
        return len(claimed)

    async def pass_time(self, span: timedelta, step: timedelta) -> None:
        """Let time pass, working at every step."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            await self.work()

    async def state(self, message: UUID) -> str:
        """What the last event says."""
        async with self.database.session() as connection:
            found = await connection.fetchval(
                "select type from event where message = $1 and type like 'message.%' order by xid desc, id desc limit 1", message
            )
        return str(found).partition(".")[2]

    async def data(self, message: UUID) -> dict[str, Any]:
        """The data of its last event."""
        async with self.database.session() as connection:
            return dict(
                await connection.fetchval("select data from event where message = $1 order by xid desc, id desc limit 1", message)
            )

    async def fetch(self, statement: str, *arguments: Any) -> Any:
        async with self.database.session() as connection:
            return await connection.fetch(statement, *arguments)

    def admin(self, environment: Environment = Environment.LIVE, *, is_operator: bool = True) -> tuple[AdminContext, Actor]:
        """What use cases take first: their context, and the operator (or a key's holder) of tenant 1."""
        actor = operator(environment=environment, is_operator=is_operator)
        return admin_context(self.database, SEALER, self.clock), actor

    async def _one(self, delivery: LeasedDelivery) -> None:
        verdict = self.check.take_verdict(delivery)
        if self.clock.now() >= delivery.expires_at:
            await self.delivering.expire(delivery)
        elif verdict is not None:
            await self.delivering.withhold(delivery, verdict)
        else:
            await self.delivering.send(PreparedDelivery(delivery, self.route, cast("Any", delivery), cast("Any", _Gate()), b""))

    async def _settle(self, settlements: list[Settlement]) -> list[bool]:
        async with self.database.session() as connection:
            return await settle.settle(connection, self.worker, settlements, RULE)

    async def _quiet(self, *_: object) -> None:
        """Nobody is told."""


async def posting(database: Database, clock: FakeClock) -> Posting:
    """A worker of tenant 1."""
    entropy = Entropy()
    async with database.session() as connection:
        await connection.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now()), ('t2', 'U', now())")
        number = await workers.register(connection, "host", "marks", 1, clock.now(), clock.now() + LONG)
    return Posting(database, clock, await load_key(database, SEALER, entropy.bytes), number)
