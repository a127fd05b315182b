"""A worker's dealings with the queue: what it takes, parks, gives back, and finds that it holds.

Known sharp edges: a claim whose answer is lost (the database went away while it committed) leaves deliveries
leased to us that we never heard of; ``reconcile`` gives them back. Claims and reconciliation exclude each
other, or a claim under way would look lost.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from posthouse.model.clock import Clock
from posthouse.model.message_type import Lane
from posthouse.model.queue import LeasedDelivery
from posthouse.model.stored_message import SealedContent
from posthouse.pipeline.deliver.heavy_flows import HeavyFlows
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.lease import Lease
from posthouse.pipeline.deliver.ready_queue import ReadyQueue
from posthouse.pipeline.deliver.suppression_check import PreSendCheck
from posthouse.store.messages import contents
from posthouse.store.postgres.database import Database, Session
from posthouse.store.queue import queue

POLL: Final = 1.0
MOST_SHARE: Final = 48
LOOKING_SHARE: Final = 20
LARGE: Final = 256 * 1024  # bytes of sealed content that are fetched when their turn comes
ENOUGH: Final = 24  # what is held already keeps the processor busy until the next claim


class Claims:
    """Of one worker. ``arrived`` is called when something may be claimed, ``held`` when something was; ``watch`` looks at it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        lease: Lease,
        lanes: Lanes,
        line: ReadyQueue,
        arrived: Callable[[], None],
        held: Callable[[], None],
        watch: PreSendCheck | None = None,
    ) -> None:
        """Nothing is claimed yet."""
        self._database = database
        self._clock = clock
        self._lease = lease
        self._lanes = lanes
        self._line = line
        self._arrived = arrived
        self._held = held
        self._watch = watch
        self._taking = asyncio.Lock()
        self._company = HeavyFlows()
        self._considerate = max(lanes.served) <= Lane.PROMPT  # others serve the fast lanes too, and step back for this one
        self._looked: dict[int, tuple[float, float]] = dict.fromkeys(lanes.served, (-60.0, POLL))
        self.saturated: set[str] = set()
        self.uncertain = False

    @property
    def busy(self) -> bool:
        """Whether a claim is under way."""
        return self._taking.locked()

    async def claim(self) -> int:
        """Fill the lanes' places, fastest first; how many were taken. What is fastest is looked at again before the slow."""
        taken = 0
        if not self._lease.held():
            return 0
        for lane in self._lanes.served:
            taken += await self._claim(lane)
            if taken and lane != self._lanes.served[-1] and self._lanes.worth_claiming(self._lanes.served[0]):
                break
        return taken

    async def look(self) -> None:
        """The truth behind the watermarks, once a second; more rarely where looking is dear."""
        now = self._clock.monotonic()
        for lane in self._lanes.served:
            looked, pause = self._looked[lane]
            if now - looked < max(POLL, pause):
                continue
            async with self._database.session() as session:
                heads = await queue.flows_ready(session, lane)
            self._looked[lane] = (now, LOOKING_SHARE * (self._clock.monotonic() - now))
            if heads:
                self._lanes.learn(lane, heads)
                self._arrived()

    async def promote(self) -> None:
        """Make due deliveries ready and tell everybody."""
        async with self._database.session() as session:
            heads = await queue.promote(session, self._clock.now())
            if heads:
                await queue.notify(session, heads)
        if self._lanes.tell(heads):
            self._arrived()

    async def release(self, held: list[LeasedDelivery]) -> None:
        """Give back untouched; then it is let go."""
        async with self._database.session() as session:
            heads = await queue.release(session, self._lease.worker, held)
            await queue.notify(session, heads)
        if self._lanes.tell(heads):
            self._arrived()

    async def park(self, site: str) -> None:
        """A site has no room: what is held of it and not begun waits in the database, outside the ready lines."""
        self.saturated.add(site)
        parked = self._line.take_all(site)
        try:
            async with self._database.session() as session:
                await queue.park(session, self._lease.worker, parked)
        finally:
            for delivery in parked:
                self._line.let_go(delivery)

    async def unpark(self, site: str, room: int) -> None:
        """A site has room again: take what was parked."""
        if room <= 0 or not self._lease.held():
            return
        async with self._taking, self._doubted():
            async with self._database.session() as session:
                taken = await queue.claim_parked(session, self._lease.worker, self._clock.now(), site, room)
                sealed = await self._fetched(session, taken)
            self._line.add(taken, sealed)
        if len(taken) < room:
            self.saturated.discard(site)
        if taken:
            self._held()

    async def adopt_parked(self) -> None:
        """Parked sites that no worker remembers (after a restart) are taken up by whoever has room."""
        async with self._database.session() as session:
            self.saturated.update(await queue.parked_sites(session))

    async def reconcile(self) -> None:
        """After trouble: what we hold without knowing is given back."""
        if not self.uncertain:
            return
        async with self._taking, self._doubted():
            self.uncertain = False
            async with self._database.session() as session:
                lost = self._line.lost(await queue.leased(session, self._lease.worker))
            if lost:
                await self.release(lost)

    @asynccontextmanager
    async def _doubted(self) -> AsyncIterator[None]:
        """What fails in here leaves us uncertain of what we hold; what goes well does not make up for other trouble."""
        try:
            yield
        except BaseException:
            self.uncertain = True
            raise

    async def content(self, delivery: LeasedDelivery) -> SealedContent | None:
        """Content that was too large to come with its claim; None where it is no longer kept."""
        if delivery.size <= LARGE:
            return None
        async with self._database.session() as session:
            return (await contents.fetch(session, [delivery])).get(delivery.message)

    async def _fetched(self, session: Session, taken: list[LeasedDelivery]) -> dict[UUID, SealedContent]:
        """What belongs to a claim: its content, and whether the lists have anything to say."""
        if taken and self._watch is not None:
            await self._watch.learn(session, taken)
        return await contents.fetch(session, [delivery for delivery in taken if delivery.size <= LARGE])

    async def _claim(self, lane: int) -> int:
        if not self._lanes.worth_claiming(lane):
            return 0
        turn = self._lanes.take_turn(lane)
        if self._considerate:
            turn = self._company.light(turn, self._clock.monotonic())
        heads = [head for head in turn if self._line.waiting(lane, head.flow) < max(1, ENOUGH // max(1, len(turn)))]
        if not heads or self._line.ahead(lane - 1) >= ENOUGH:
            return 0
        share = max(1, min(MOST_SHARE, self._lanes.room(lane)) // len(heads))
        async with self._taking, self._doubted():
            async with self._database.session() as session:
                taken, watermarks = await queue.claim(
                    session, self._lease.worker, self._clock.now(), heads, share, list(self.saturated)
                )
                sealed = await self._fetched(session, taken)
            self._line.add(taken, sealed)
        self._lanes.advance(lane, heads, watermarks)
        for flow, count in Counter(delivery.flow for delivery in taken).items():
            self._company.met(lane, flow, count, self._clock.monotonic())
        if taken:
            self._held()
        return len(taken)
