"""The queue: which deliveries are ready, which worker has leased them, and how leases end untouched.

A narrow table that rows are deleted from. Ready rows are ordered (lane, flow, deadline, id); a flow is a tenant's
stream, and a claim takes a share from each flow that waits, earliest deadline first inside it. Rows that are not due
yet, and rows of a saturated site (*parked*; a site is the recipient's domain), stand outside that index.

Locking. Rows are claimed with ``for update skip locked``, so claims of several workers never wait for one another; a
row is changed in the statement that locked it. Rows that are named by their key (release, park, settle) are locked
without ``skip locked``: they are the caller's own.

Watermarks. A claim starts at a watermark, the head of each flow before which everything was claimed. Deleted rows
stay in the index until no open snapshot can see them; without a watermark each claim would walk all of them again. An
earlier arrival lowers the watermark (by NOTIFY), and ``flows_ready`` finds the truth without one.

The fencing token of a lease is (worker, number): a settlement that finds another pair there changes nothing.

Known sharp edges: the planner. The table is filled and emptied faster than it is analysed, so its statistics are
never true, and no plan may rest on them: rows are found one by one, by ``cross join lateral (… limit 1 for update)``,
which can only be done over the key's index, and changed by their ctid, which the lock keeps still. A plain join reads
the whole index as soon as the queue was once empty.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from posthouse.model.queue import FlowHead, LateMail, LeasedDelivery
from posthouse.store.postgres.database import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


CHANNEL: Final = "posthouse_ready"

# In the order of the fields, so that a row is a LeasedDelivery.
_RETURNED: Final = ", ".join(f"q.{name}" for name in LeasedDelivery.__struct_fields__)

# A row of a saturated site is parked in the same statement: claimed and put back, it would be found again at once.
# The first claim fixes the time and the DKIM keys of all attempts, so that every attempt makes the same bytes.
_TAKE: Final = f"""
update queue q set
    state = case when p.saturated then 3 else 1 end,
    worker = case when p.saturated then null else $1::int end,
    number = case when p.saturated then q.number else q.number + 1 end,
    first_attempt_at = case when p.saturated then q.first_attempt_at else coalesce(q.first_attempt_at, $2::timestamptz) end,
    keyset = case when p.saturated then q.keyset
             else coalesce(q.keyset, (select d.keyset from domain d where d.tenant = q.tenant and d.name = q.header_domain)) end
from picked p where q.ctid = p.ctid
returning p.saturated, {_RETURNED}
"""

# The lock on its own row keeps a worker from being forgotten while it claims, and a forgotten one from claiming: so reclaiming
# finds every lease of a lost worker. ``materialized``: the planner must not move the lock behind the claim.
_ALIVE: Final = "alive as materialized (select 1 from worker where id = $1 for key share)"
_CLAIM: Final = f"""
with {_ALIVE}, picked as materialized (
    select r.ctid, r.site = any($3::text[]) as saturated
    from alive cross join unnest($5::int[], $6::timestamptz[], $7::uuid[], $8::int[]) as f (flow, deadline, message, share)
    cross join lateral (
        select ctid, site from queue
        where state = 0 and lane = $4 and flow = f.flow and (deadline, message) >= (f.deadline, f.message)
        order by deadline, message, position limit f.share for update skip locked
    ) r
)
{_TAKE}
"""

_CLAIM_PARKED: Final = f"""
with {_ALIVE}, picked as materialized (
    select r.ctid, false as saturated from alive cross join lateral (
        select ctid from queue where state = 3 and site = $3
        order by site, lane, deadline, message, position limit $4 for update skip locked
    ) r
)
{_TAKE}
"""

# A loose index scan: one index probe a site, however many rows it has.
_PARKED_SITES: Final = """
with recursive s as (
    (select site from queue where state = 3 order by site limit 1)
    union all
    select (select q.site from queue q where q.state = 3 and q.site > s.site order by q.site limit 1) from s where s.site is not null
)
select site from s where site is not null limit $1
"""

# A loose index scan over (lane, flow): one probe a flow.
_FLOWS: Final = """
with recursive f as (
    (select lane, flow, deadline, message from queue where state = 0 and lane = $1
     order by lane, flow, deadline, message, position limit 1)
    union all
    select n.lane, n.flow, n.deadline, n.message from f cross join lateral (
        select q.lane, q.flow, q.deadline, q.message from queue q where q.state = 0 and q.lane = $1 and q.flow > f.flow
        order by q.lane, q.flow, q.deadline, q.message, q.position limit 1
    ) n
)
select lane, flow, deadline, message from f limit 10000
"""

# Of each flow at most a thousand rows past the time, from its first; a flow without any costs its one probe.
_LATE: Final = f"""
with heads as materialized ({_FLOWS.strip()}),
late as (
    select r.tenant, r.environment, r.deadline from heads h cross join lateral (
        select tenant, environment, deadline, tries, refusals from queue
        where state = 0 and lane = $1 and flow = h.flow and deadline < $2
        order by deadline, message, position limit 1000
    ) r where h.deadline < $2 and r.tries = 0 and r.refusals = 0
)
select tenant, environment, min(deadline), count(*)::int from late group by tenant, environment
"""
_TENANTS: Final = "select id, tenant from flow where id = any($1::int[])"
_PROMOTE: Final = """
with ripe as materialized (select ctid from queue where state = 2 and due <= $1 order by due limit $2 for update skip locked)
update queue q set state = 0, due = null from ripe where q.ctid = ripe.ctid
returning q.lane, q.flow, q.deadline, q.message
"""

_RELEASE: Final = """
with mine as materialized (
    select x.ctid
    from unnest($2::int[], $3::smallint[], $4::uuid[], $5::smallint[], $6::smallint[]) as k (tenant, environment, message, position, number)
    cross join lateral (
        select ctid from queue
        where tenant = k.tenant and environment = k.environment and message = k.message and position = k.position
          and worker = $1 and number = k.number
        limit 1 for update
    ) x
)
update queue q set state = 0, worker = null, number = q.number - $7::smallint from mine where q.ctid = mine.ctid
returning q.lane, q.flow, q.deadline, q.message
"""

_PARK: Final = _RELEASE.replace("state = 0, worker = null", "state = 3, worker = null")
_LEASED: Final = f"select {_RETURNED} from queue q where q.state = 1 and q.worker = $1"


async def claim(
    session: Session,
    worker: int,
    now: datetime,
    shares: "Sequence[tuple[FlowHead, int]]",
    saturated: "Sequence[str]",
) -> tuple[list[LeasedDelivery], dict[int, FlowHead]]:
    """Lease of each flow at most as many as stand beside its head (all of one lane).

    Returns what was leased and, per flow, the new watermark; a flow without one gave fewer than its share
    and has nothing more. Rows of saturated sites are parked on the way and count towards the share.
    """
    rows = await session.fetch(
        _CLAIM,
        worker,
        now,
        list(saturated),
        shares[0][0].lane,
        [head.flow for head, _ in shares],
        [head.deadline for head, _ in shares],
        [head.message for head, _ in shares],
        [share for _, share in shares],
    )
    counts: dict[int, int] = {}
    last: dict[int, FlowHead] = {}
    leased = []
    for row in rows:
        delivery = LeasedDelivery(*row[1:])
        counts[delivery.flow] = counts.get(delivery.flow, 0) + 1
        head = last.get(delivery.flow)
        if head is None or (delivery.deadline, delivery.message) > (head.deadline, head.message):
            last[delivery.flow] = FlowHead(delivery.lane, delivery.flow, delivery.deadline, delivery.message)
        if not row[0]:
            leased.append(delivery)
    most = {head.flow: share for head, share in shares}
    return leased, {flow: head for flow, head in last.items() if counts[flow] >= most[flow]}


async def claim_parked(session: Session, worker: int, now: datetime, site: str, limit: int) -> list[LeasedDelivery]:
    """Lease parked deliveries of a site that has room again."""
    return [LeasedDelivery(*row[1:]) for row in await session.fetch(_CLAIM_PARKED, worker, now, site, limit)]


async def parked_sites(session: Session, limit: int = 1000) -> list[str]:
    """Sites with parked deliveries."""
    return [row[0] for row in await session.fetch(_PARKED_SITES, limit)]


async def flows_ready(session: Session, lane: int) -> list[FlowHead]:
    """Every flow with ready rows in a lane, with its first row: the truth behind the watermarks."""
    return [FlowHead(*row) for row in await session.fetch(_FLOWS, lane)]


async def tenants_of(session: Session, flows: "Sequence[int]") -> dict[int, int]:
    """Whose flows these are."""
    return {row[0]: row[1] for row in await session.fetch(_TENANTS, list(flows))}


async def late_untried(session: Session, lane: int, before: datetime) -> list[LateMail]:
    """Per tenant and environment, what is ready in a lane, was to be delivered before that time and was never tried."""
    return [LateMail(row[0], row[1], lane, row[2], row[3]) for row in await session.fetch(_LATE, lane, before)]


async def promote(session: Session, now: datetime, limit: int = 1000) -> list[FlowHead]:
    """Make due rows ready; the heads to notify workers of."""
    return [FlowHead(*row) for row in await session.fetch(_PROMOTE, now, limit)]


async def release(
    session: Session, worker: int, deliveries: "Sequence[LeasedDelivery]", *, restore_number: bool
) -> list[FlowHead]:
    """Give leases back untouched: nothing was sent and no attempt was made.

    ``restore_number``: the number that the claim took is free again. Only for who has the leases: of a worker that was lost, the
    number stays as a trace of the claim.
    """
    return [FlowHead(*row) for row in await session.fetch(_RELEASE, worker, *_keys(deliveries), int(restore_number))]


async def park(session: Session, worker: int, deliveries: "Sequence[LeasedDelivery]") -> None:
    """Give leases of a saturated site back with their numbers, to wait outside the ready rows."""
    await session.fetch(_PARK, worker, *_keys(deliveries), 1)


async def leased(session: Session, worker: int) -> list[LeasedDelivery]:
    """What a worker has leased."""
    return [LeasedDelivery(*row) for row in await session.fetch(_LEASED, worker)]


async def notify(session: Session, heads: "Sequence[FlowHead]") -> None:
    """Notify workers of earlier arrivals: ``lane:flow:milliseconds`` each. A hint; the poll finds what it misses."""
    first: dict[tuple[int, int], datetime] = {}
    for head in heads:
        key = (head.lane, head.flow)
        if key not in first or head.deadline < first[key]:
            first[key] = head.deadline
    arrivals = [f"{lane}:{flow}:{int(at.timestamp() * 1000)}" for (lane, flow), at in first.items()]
    for start in range(0, len(arrivals), 200):  # a payload must be shorter than 8000 bytes
        await session.execute("select pg_notify($1, $2)", CHANNEL, " ".join(arrivals[start : start + 200]))


def read_notification(payload: str, epoch: datetime) -> list[FlowHead]:
    """The heads behind a NOTIFY; ``epoch`` is 1970 in UTC."""
    triples = (arrival.split(":") for arrival in payload.split())
    return [FlowHead(int(lane), int(flow), epoch + timedelta(milliseconds=int(at))) for lane, flow, at in triples]


def _keys(deliveries: "Sequence[LeasedDelivery]") -> tuple[list[Any], ...]:
    return (
        [d.tenant for d in deliveries],
        [d.environment for d in deliveries],
        [d.message for d in deliveries],
        [d.position for d in deliveries],
        [d.number for d in deliveries],
    )
