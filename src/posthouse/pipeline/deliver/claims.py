"""A worker's dealings with the queue: what it claims, parks, releases and settles, and finds that it has leased.

Known sharp edges: a claim whose answer is lost (the database went away while it committed) leaves deliveries leased to us that we
do not know of; ``reconcile`` releases them. Claims and reconciliation exclude each other by one lock, or a claim under way
would look lost.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import msgspec

from posthouse.model.clock import Clock
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead, LeasedDelivery
from posthouse.model.settlement import Settlement
from posthouse.model.stored_message import SealedContent
from posthouse.pipeline.deliver.heavy_tenants import HeavyTenants
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.lease import Lease
from posthouse.pipeline.deliver.ready_queue import ReadyQueue
from posthouse.pipeline.deliver.suppression_check import PreSendCheck
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.messages import contents
from posthouse.store.postgres.database import Database, Session, is_unavailable
from posthouse.store.queue import queue, settle

POLL_SECONDS: Final = 1.0
MAX_SHARE: Final = 48  # of one tenant in one claim
POLL_COST: Final = 20  # a look that takes a tenth of a second is made every two seconds
LONGEST_POLL_SECONDS: Final = 2.0  # a lost NOTIFY costs at most so much, also after a database that stood still
SETTLE_RETRY_SECONDS: Final = 0.1
INLINE_BYTES: Final = 256 * 1024  # of sealed content; more is fetched when its turn comes
_NEVER: Final = (float("-inf"), POLL_SECONDS)  # when a lane was looked at, and the pause after it
ENOUGH_WAITING: Final = 24  # what is leased already keeps the processor busy until the next claim


class ClaimParts(msgspec.Struct, frozen=True, kw_only=True):
    """``arrived`` is set when something may be claimed, ``claimed`` when something was; ``check`` looks at what was claimed."""

    database: Database
    clock: Clock
    lease: Lease
    lanes: Lanes
    ready: ReadyQueue
    check: PreSendCheck
    arrived: asyncio.Event
    claimed: asyncio.Event


class Claims:
    """What one worker claims and gives back.

    ``saturated``: sites without capacity, which claims park. ``uncertain``: we may have leases unknown to us.
    """

    def __init__(self, parts: ClaimParts) -> None:
        self._parts = parts
        self._lock = asyncio.Lock()
        self._heavy_tenants = HeavyTenants()
        # Others serve the fast lanes too, at a lower priority: this worker leaves floods to them.
        self._leaves_heavy = max(parts.lanes.served) <= Lane.PROMPT
        self._polled: dict[int, tuple[float, float]] = dict.fromkeys(parts.lanes.served, _NEVER)
        self.saturated: set[str] = set()
        self.uncertain = False

    @property
    def is_claiming(self) -> bool:
        """Whether a claim is under way."""
        return self._lock.locked()

    async def claim(self) -> int:
        """Fill the lanes' slots, fastest first; how many were claimed. The fastest lane is looked at again before a slow one."""
        claimed, lanes = 0, self._parts.lanes
        if not self._parts.lease.is_valid():
            return 0
        for lane in lanes.served:
            claimed += await self._claim(lane)
            if claimed and lane != lanes.served[-1] and lanes.should_claim(lanes.served[0]):
                break
        return claimed

    def poll_soon(self) -> None:
        """NOTIFYs may have been lost: the next ``poll`` looks in every lane."""
        self._polled = dict.fromkeys(self._polled, _NEVER)

    async def poll(self) -> None:
        """The truth behind the watermarks, once a second; more rarely where looking is dear. NOTIFY is only a hint."""
        now = self._parts.clock.monotonic()
        for lane in self._parts.lanes.served:
            polled_at, pause = self._polled[lane]
            if now - polled_at < max(POLL_SECONDS, pause):
                continue
            async with self._parts.database.session() as session:
                began = self._parts.clock.monotonic()  # waiting for a connection is no work of the database
                heads = await queue.flows_ready(session, lane)
                took = self._parts.clock.monotonic() - began
            self._polled[lane] = (now, min(POLL_COST * took, LONGEST_POLL_SECONDS))
            if heads:
                self._parts.lanes.replace_watermarks(lane, heads)
                self._parts.arrived.set()

    async def promote(self) -> None:
        """Make due deliveries ready and notify every worker."""
        async with self._parts.database.session() as session:
            heads = await queue.promote(session, self._parts.clock.now())
            if heads:
                await queue.notify(session, heads)
        self._lower_watermarks(heads)

    async def release(self, deliveries: list[LeasedDelivery]) -> None:
        """Give leases back untouched, and notify every worker."""
        async with self._parts.database.session() as session:
            heads = await queue.release(session, self._parts.lease.worker, deliveries, restore_number=True)
            await queue.notify(session, heads)
        self._lower_watermarks(heads)

    async def park(self, site: str) -> None:
        """A site has no capacity: what is leased for it and not begun waits in the database, outside the ready flows."""
        self.saturated.add(site)
        deliveries = self._parts.ready.drain(site)
        try:
            async with self._parts.database.session() as session:
                await queue.park(session, self._parts.lease.worker, deliveries)
        finally:
            for delivery in deliveries:
                self._parts.ready.finish(delivery)

    async def unpark(self, site: str, capacity: int) -> None:
        """A site has capacity again: claim what was parked."""
        if capacity <= 0 or not self._parts.lease.is_valid():
            return
        async with self._lock, self._uncertain_on_error():
            async with self._parts.database.session() as session:
                claimed = await queue.claim_parked(session, self._parts.lease.worker, self._parts.clock.now(), site, capacity)
                sealed = await self._load(session, claimed)
            self._parts.ready.add(claimed, sealed)
        if len(claimed) < capacity:
            self.saturated.discard(site)
        if claimed:
            self._parts.claimed.set()

    async def adopt_parked(self) -> None:
        """Parked sites that no worker remembers (after a restart) are taken over by whoever has capacity."""
        async with self._parts.database.session() as session:
            self.saturated.update(await queue.parked_sites(session))

    async def reconcile(self) -> None:
        """After an error: leases that we do not know of are released."""
        if not self.uncertain:
            return
        async with self._lock, self._uncertain_on_error():
            self.uncertain = False
            async with self._parts.database.session() as session:
                unknown = self._parts.ready.find_unknown(await queue.leased(session, self._parts.lease.worker))
            if unknown:
                await self.release(unknown)

    async def fetch_content(self, delivery: LeasedDelivery) -> SealedContent | None:
        """Content that was too large to come with its claim; None where it is no longer kept."""
        if delivery.size <= INLINE_BYTES:
            return None
        async with self._parts.database.session() as session:
            return (await contents.fetch(session, [delivery])).get(delivery.message)

    async def _claim(self, lane: int) -> int:
        await self._learn_tenants(lane)
        heads = self._heads_to_claim(lane)
        if not heads:
            return 0
        parts, now = self._parts, self._parts.clock.now()
        shares = parts.lanes.share_out(heads, min(MAX_SHARE, parts.lanes.free_slots(lane)))
        heads = [head for head, _ in shares]
        async with self._lock, self._uncertain_on_error():
            async with parts.database.session() as session:
                claimed, watermarks = await queue.claim(session, parts.lease.worker, now, shares, list(self.saturated))
                sealed = await self._load(session, claimed)
            # Known before the lock is free, or a reconciliation would release it.
            parts.ready.add(claimed, sealed)
        parts.lanes.raise_watermarks(lane, heads, watermarks)
        for tenant, count in Counter(delivery.tenant for delivery in claimed).items():
            self._heavy_tenants.record(lane, tenant, count, parts.clock.monotonic())
        if claimed:
            parts.claimed.set()
        return len(claimed)

    def _heads_to_claim(self, lane: int) -> list[FlowHead]:
        """The flows whose turn it is and of which not enough is leased; none where faster lanes have enough to do."""
        lanes, ready = self._parts.lanes, self._parts.ready
        if not lanes.should_claim(lane):
            return []
        heads = lanes.next_flows(lane)
        if self._leaves_heavy:
            heads = self._heavy_tenants.without_heavy(heads, lanes.tenant_of, self._parts.clock.monotonic())
        enough = max(1, ENOUGH_WAITING // max(1, len({lanes.tenant_of(head.flow) for head in heads})))
        heads = [head for head in heads if ready.waiting_of_tenant(lane, lanes.tenant_of(head.flow)) < enough]
        return [] if ready.waiting_before(lane - 1) >= ENOUGH_WAITING else heads

    async def _learn_tenants(self, lane: int) -> None:
        """Whose flows are new here: one question for each flow in the life of the process."""
        unknown = self._parts.lanes.unknown_flows(lane)
        if unknown:
            async with self._parts.database.session() as session:
                self._parts.lanes.learn_tenants(await queue.tenants_of(session, unknown))

    async def _load(self, session: Session, claimed: list[LeasedDelivery]) -> dict[UUID, SealedContent]:
        """What belongs to a claim: its content, and whether its addresses are suppressed."""
        if claimed:
            await self._parts.check.load(session, claimed)
        return await contents.fetch(session, [delivery for delivery in claimed if delivery.size <= INLINE_BYTES])

    def _lower_watermarks(self, heads: list[FlowHead]) -> None:
        if self._parts.lanes.lower_watermarks(heads):
            self._parts.arrived.set()

    @asynccontextmanager
    async def _uncertain_on_error(self) -> AsyncIterator[None]:
        """An error in here leaves us uncertain of what we have leased; success does not make up for other errors."""
        try:
            yield
        except BaseException:
            self.uncertain = True
            raise


def write_settlements(database: Database, worker: int) -> Callable[[list[Settlement]], Awaitable[list[bool]]]:
    """Settle a batch under the worker's lease, however long the database is away: what was delivered must not be forgotten."""

    async def write(settlements: list[Settlement]) -> list[bool]:
        while True:
            try:
                async with database.session() as session:
                    return await settle.settle(session, worker, settlements, RULE)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(SETTLE_RETRY_SECONDS)

    return write
