"""The worker's role, put together: transports from the routes, keys, lease, and the three loops."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.cpu_priority import lower_priority
from posthouse.app.runtime.parts import CLOSING, inbox_route, open_store, prepare_statements, routes_of
from posthouse.app.runtime.worker_lanes import FAST
from posthouse.config import Settings
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.model.settlement import Settlement
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.emit import Alerts, Complaints
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.deliver.bounce_brake import BounceBrakes
from posthouse.pipeline.deliver.deliver import Deliverer, DeliverParts
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.lease import Lease, lease_until
from posthouse.pipeline.deliver.suppression_check import PreSendCheck
from posthouse.pipeline.deliver.worker import Worker, WorkerParts
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


async def run(brief: ChildSpec, settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Deliver until told to stop."""
    clock, entropy = SystemClock(), Entropy()
    lanes = [Lane(number) for number in brief.lanes]
    eager = frozenset(lanes) - (FAST if len(lanes) == len(Lane) else frozenset())
    if not FAST.issuperset(lanes):
        lower_priority(NICENESS, batch=True)
    database, sealer = await open_store(brief, entropy, clock, stop, size=CONNECTIONS, application=f"posthouse {brief.name}")
    lease = await _register(database, clock, settings.data_dir, brief.name)
    settling: Batcher[Settlement, bool] = Batcher(
        _settle(database, lease.worker), fails_together=is_unavailable, limit=300, pause=SETTLE_PAUSE
    )
    domains = Domains(database, sealer)
    inbox = inbox_route(database, sealer, clock, entropy)
    routes = routes_of(settings, clock, inbox)
    watch = PreSendCheck(
        await suppression_lookup.load_key(database, sealer, entropy.bytes), clock, entropy.new_id, BounceBrakes(database, clock, entropy),
        Lockouts(database, clock, entropy),
    )  # fmt: skip
    delivering = Deliverer(
        DeliverParts(
            routes=routes, inbox=inbox, sealer=sealer, clock=clock, entropy=entropy, keys=domains.signing_keys, settle=settling,
            alert=Alerts(database, clock, entropy), complain=Complaints(database, clock, entropy), return_path_domain=settings.return_path_domain or settings.hostname,
            watch=watch,
        ),
        lease,
    )  # fmt: skip
    worker = Worker(
        WorkerParts(database=database, clock=clock, delivering=delivering, lease=lease, lanes=Lanes(lanes), eager=eager)
    )
    await prepare_statements(database, partial(_rehearsed, clock.now(), lease.worker, lanes[0]))
    listening = asyncio.create_task(_listen(brief.dsn, worker))
    stopping = asyncio.create_task(_stop_when(stop, worker))
    ready()
    await worker.run(GRACE)
    for task in (listening, stopping):
        task.cancel()
    try:
        async with asyncio.timeout(ENDING):
            for route in {id(r): r for r in (*routes, inbox)}.values():
                await route.transport.close(CLOSING)
            await settling.drain()
            await _unregister(database, lease)
    except TimeoutError:
        log.warning("ended before everything was settled; its marks say what was sent")
    await database.close()


async def _rehearsed(now: datetime, worker: int, lane: Lane, session: Session) -> None:
    """What every delivery asks of the database, of nothing."""
    await queue.claim(session, worker, now, [FlowHead(int(lane), 0, now)], 1, ())
    await suppression_lookup.check(session, (), now)
    await settle.settle(session, worker, (), RULE)


async def _register(database: Database, clock: SystemClock, data_dir: Path, name: str) -> Lease:
    folder = data_dir / "run"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    marks = Marks(folder / f"{name}-{os.getpid()}.marks")
    asked, now = clock.monotonic(), clock.now()
    async with database.session() as session:
        number = await workers.register(session, boot_id(), str(marks.path.resolve()), os.getpid(), now, lease_until(now))
    lease = Lease(number, marks, clock)
    lease.renewed(asked)
    return lease


async def _unregister(database: Database, lease: Lease) -> None:
    """In order: what is still held is left to the sweep, which reads the marks."""
    async with database.session() as session:
        if await queue.leased(session, lease.worker):
            return
        await workers.forget(session, lease.worker)
    lease.marks.close()


def _settle(database: Database, worker: int) -> Callable[[list[Settlement]], Awaitable[list[bool]]]:
    async def write(rows: list[Settlement]) -> list[bool]:
        while True:
            try:
                async with database.session() as session:
                    return await settle.settle(session, worker, rows, RULE)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(0.1)  # what was delivered is not forgotten because the database is away

    return write


async def _listen(dsn: str, worker: Worker) -> None:
    """Hear NOTIFY on a connection of its own, again after each loss; the poll covers the gaps."""
    while True:
        try:
            await listen(dsn, queue.CHANNEL, worker.hear)
        except Exception as error:  # whatever it was, hearing again is the answer
            log.info("listening again", error=type(error).__name__)
        await asyncio.sleep(0.2)


async def _stop_when(stop: asyncio.Event, worker: Worker) -> None:
    await stop.wait()
    worker.stop()
