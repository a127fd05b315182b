"""How many of our modules a delivery enters: each is a file that a reader who follows a message opens.

The whole worker role runs in this process, loops included, while the second of two messages goes from the queue over a relay to
its settlement. The first one warms up connections and caches.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from posthouse.app.roles import worker
from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.runtime import ChildContext
from posthouse.app.runtime.worker_lanes import FAST
from posthouse.config import load
from posthouse.mail.mime.compose import body_digest
from posthouse.model.content import Content
from posthouse.model.message_row import MessageRow
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue
from posthouse.testing.fake_mx import FakeMx
from tests.support import accepted
from tests.support.entered_modules import entered_modules
from tests.support.writes import add_domain

MOST: Final = 41
# Run by the clock and not by a delivery: whether they run meanwhile is chance.
PERIODIC: Final = frozenset(
    {
        "posthouse.pipeline.deliver.bounce_brake",
        "posthouse.store.queue.workers",
        "posthouse.store.recipients.bounce_brakes",
        "posthouse.store.recipients.suppression_rule",
    }
)
SECRET: Final = "a secret of the tests"
BODY: Final = b"Hello\r\n"


def message() -> MessageRow:
    content = Content(
        head=b"From: noreply@shop.example\r\nTo: jane@example.com\r\nSubject: Hello\r\n", body=BODY, body_digest=body_digest(BODY)
    )
    return accepted.message_row(SystemClock().now(), content=msgspec.msgpack.encode(content), key_id=accepted.SEALER.key_id)


async def send(database: Database) -> UUID:
    row = message()
    [sent] = await accepted.put(database, row)
    async with database.session() as session:
        await queue.notify(session, await queue.flows_ready(session, row.lane))
    return sent


async def settled(database: Database, sent: UUID) -> None:
    async with asyncio.timeout(20):
        while True:
            async with database.session() as session:
                if await session.fetchval("select true from event where message = $1 and type = 'message.sent'", sent):
                    return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running_worker(dsn: str, data_dir: Path, port: int) -> AsyncIterator[None]:
    settings = load(
        {
            "POSTHOUSE_DATA_DIR": str(data_dir),
            "POSTHOUSE_ROUTES": f"smtp://127.0.0.1:{port}?tls=off",
            "POSTHOUSE_HOSTNAME": "me.test",
        }
    )
    spec = ChildSpec(
        role="worker",
        name="worker-1",
        dsn=dsn,
        secret_keys=(SECRET,),
        sockets={},
        ready=-1,
        metrics="",
        public_url="",
        parent=0,
        lanes=tuple(sorted(int(lane) for lane in FAST)),
    )
    stop, ready = asyncio.Event(), asyncio.Event()
    child = ChildContext(spec=spec, settings=settings, clock=SystemClock(), entropy=Entropy(), stop=stop, notify_ready=ready.set)
    running = asyncio.create_task(worker.run(child))
    await ready.wait()
    try:
        yield
    finally:
        stop.set()
        await running


async def test_a_delivery_enters_no_more_modules_than_it_did(database: Database, database_dsn: str, tmp_path: Path) -> None:
    async with database.session() as session:
        await session.execute("insert into tenant (ref, name, created_at) values ('t', 'T', now())")
        await accept.flow(session, 1, 1, "transactional")
    await add_domain(database, accepted.SEALER, 1, "shop.example", True, SystemClock().now())
    async with FakeMx() as mx, running_worker(database_dsn, tmp_path, mx.port):
        await settled(database, await send(database))
        row = message()
        [sent] = await accepted.put(database, row)
        async with database.session() as session:
            heads = await queue.flows_ready(session, row.lane)
            with entered_modules() as entered:
                await queue.notify(session, heads)
                await settled(database, sent)
    assert len(mx.ledger) == 2
    assert b"DKIM-Signature" in mx.ledger[-1].data
    # The relay is no part of the product.
    product = sorted(name for name in entered - PERIODIC if not name.startswith("posthouse.testing."))
    assert len(product) <= MOST, product
