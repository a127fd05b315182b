"""The worker's role, put together: transports from the routes, keys, lease, and the three loops of the worker."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from posthouse.app.runtime.child_store import StorePool, prepare_statements
from posthouse.app.runtime.cpu_priority import lower_priority
from posthouse.app.runtime.routes import build_inbox_route, build_routes
from posthouse.app.runtime.runtime import CLOSE_GRACE, ChildContext, Runtime, open_runtime
from posthouse.app.runtime.worker_lanes import FAST
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.model.settlement import Settlement
from posthouse.net.clock import SystemClock
from posthouse.pipeline.alerts.delivery_failed import DeliveryFailedAlerts
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.deliver.address_effects import AddressJudge
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.pipeline.deliver.claims import write_settlements
from posthouse.pipeline.deliver.deliver import Deliverer, DeliverParts, Route
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.lease import Lease, lease_until
from posthouse.pipeline.deliver.simulated_complaints import SimulatedComplaints
from posthouse.pipeline.deliver.suppression_check import PreSendCheck
from posthouse.pipeline.deliver.worker import Worker, WorkerParts
from posthouse.pipeline.loops import run_until
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.postgres.database import Database, Session, is_unavailable
from posthouse.store.postgres.listen import listen
from posthouse.store.queue import queue, settle, workers
from posthouse.store.queue.marks import Marks, boot_id
from posthouse.store.recipients import suppression_lookup
from posthouse.store.tenants.domains import Domains

log = structlog.get_logger()

GRACE: Final = timedelta(seconds=20)
ENDING: Final = 6.0
SETTLE_PAUSE: Final = 0.030
NICENESS: Final = 5
CONNECTIONS: Final = 4
IDLE_CONNECTIONS: Final = 2
RECONNECT_PAUSE: Final = 0.2


async def run(child: ChildContext) -> None:
    """Deliver until told to stop."""
    spec, settings, clock, entropy = child.spec, child.settings, child.clock, child.entropy
    lanes = [Lane(number) for number in spec.lanes]
    _lower_priority(lanes)
    runtime = await open_runtime(child, StorePool(size=CONNECTIONS, idle=IDLE_CONNECTIONS, application=f"posthouse {spec.name}"))
    database = runtime.database
    lease = await _register(database, clock, settings.data_dir, spec.name)
    settling: Batcher[Settlement, bool] = Batcher(
        write_settlements(database, lease.worker), fails_together=is_unavailable, limit=300, pause=SETTLE_PAUSE
    )
    inbox = build_inbox_route(runtime)
    routes = build_routes(runtime, inbox)
    brakes = BounceBrakes(database, clock, entropy)
    parts = await _build_deliver_parts(runtime, routes, inbox, settling, brakes)
    worker = Worker(
        WorkerParts(
            database=database,
            clock=clock,
            deliverer=Deliverer(parts, lease),
            check=parts.check,
            brakes=brakes,
            lease=lease,
            lanes=Lanes(lanes),
            # Who serves all lanes leaves the fast ones to the workers that serve nothing else.
            eager=frozenset(lanes) - (FAST if len(lanes) == len(Lane) else frozenset()),
        )
    )
    await prepare_statements(database, partial(_prepare, clock.now(), lease.worker, lanes[0]))
    tasks = [asyncio.create_task(_listen(runtime.dsn, worker)), asyncio.create_task(_stop_when(child.stop, worker))]
    child.notify_ready()
    await worker.run(GRACE)
    for task in tasks:
        task.cancel()
    await _end(database, lease, settling, [*routes, inbox])
    await runtime.close()


async def _build_deliver_parts(
    runtime: Runtime, routes: tuple[Route, ...], inbox: Route, settling: Batcher[Settlement, bool], brakes: BounceBrakes
) -> DeliverParts:
    database, sealer, settings = runtime.database, runtime.sealer, runtime.settings
    clock, entropy = runtime.clock, runtime.entropy
    address_key = await suppression_lookup.load_key(database, sealer, entropy.bytes)
    return DeliverParts(
        routes=routes,
        inbox=inbox,
        sealer=sealer,
        clock=clock,
        entropy=entropy,
        keys=Domains(database, sealer).signing_keys,
        settle=settling,
        alert=DeliveryFailedAlerts(database, clock, entropy),
        complain=SimulatedComplaints(database, clock, entropy),
        return_path_domain=settings.return_path_domain or settings.hostname,
        check=PreSendCheck(address_key, clock, Lockouts(database, clock, entropy)),
        addresses=AddressJudge(address_key, clock, entropy.new_id, brakes),
    )


def _lower_priority(lanes: Sequence[Lane]) -> None:
    """A worker of slow mail leaves the processor to those of fast mail."""
    if not FAST.issuperset(lanes):
        lower_priority(NICENESS, batch=True)


async def _end(database: Database, lease: Lease, settling: Batcher[Settlement, bool], routes: Sequence[Route]) -> None:
    """In order: connections close, outcomes are settled, the worker is forgotten. What takes too long is left to the sweep."""
    try:
        async with asyncio.timeout(ENDING):
            for route in {id(route): route for route in routes}.values():
                await route.transport.close(CLOSE_GRACE)
            await settling.drain()
            await _unregister(database, lease)
    except TimeoutError:
        log.warning("ended before everything was settled; its marks say what was sent")


async def _prepare(now: datetime, worker: int, lane: Lane, session: Session) -> None:
    """The statements of every delivery, run on nothing."""
    await queue.claim(session, worker, now, [(FlowHead(int(lane), 0, now), 1)], ())
    await suppression_lookup.check(session, (), now)
    await settle.settle(session, worker, (), RULE)


async def _register(database: Database, clock: SystemClock, data_dir: Path, name: str) -> Lease:
    folder = data_dir / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    marks = Marks(folder / f"{name}-{os.getpid()}.marks")
    requested_at, now = clock.monotonic(), clock.now()
    async with database.session() as session:
        number = await workers.register(session, boot_id(), str(marks.path.resolve()), os.getpid(), now, lease_until(now))
    lease = Lease(number, marks, clock)
    lease.extend(requested_at)
    return lease


async def _unregister(database: Database, lease: Lease) -> None:
    """What is still leased is left to the sweep, which reads the marks; so the row and the marks stay then."""
    async with database.session() as session:
        if await queue.leased(session, lease.worker):
            return
        await workers.forget(session, lease.worker)
    lease.marks.close()


async def _listen(dsn: str, worker: Worker) -> None:
    """NOTIFY comes over a connection of its own, opened again after each loss; the poll covers the gaps."""

    async def listen_once() -> None:
        await listen(dsn, queue.CHANNEL, worker.on_notification, worker.on_gap)
        await asyncio.sleep(RECONNECT_PAUSE)

    await run_until(asyncio.Event(), listen_once, name="listen", pause=RECONNECT_PAUSE)


async def _stop_when(stop: asyncio.Event, worker: Worker) -> None:
    await stop.wait()
    worker.stop()
