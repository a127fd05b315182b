"""The suppression list: add, list, remove. For whoever learns of a bounce, a complaint or a person's wish:

    await suppressions.add(session, tenant, environment, [SuppressionEntry(...)], now, new_id) -> list[Suppression]

``SuppressionEntry.lookup`` is ``AddressKey.of(address)`` (``suppression_lookup.load_key`` gives the key, once per process).
Adding is idempotent per address, cause and stream: what is there already is returned with ``created`` false and keeps its
evidence. Call it in the transaction that settles the delivery or the feedback.

An entry that names its ``provider`` comes from a mailbox provider's reply and not from a person: while that provider's bounce
brake is on (``bounce_brakes``) it is added provisionally, and a second one after the hold makes it firm.

Known sharp edges: after an erasure the address is never stored again, whoever adds it: the entry is stored without it.
Rows of one batch are written in the order of their hashes, so that two batches wait for one another instead of deadlocking.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from posthouse.model import ids
from posthouse.model.suppression import Cause, Suppression, SuppressionEntry, SuppressionFilter
from posthouse.store.postgres.database import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


_REACH: Final = timedelta(days=93)  # nothing waits in the queue for longer
_ALL: Final = "id, address, provider, cause, stream, reason, source, evidence, actor, security, since, until, held_until"
_SHOWN: Final = ", ".join(f"s.{name}" for name in _ALL.split(", "))

# Where the stored entry has ended (``until``), or was held and this is the second look (``held_until``), the new one replaces it.
_PUT: Final = f"""
with given as materialized (
    select * from unnest(
        $1::int[], $2::smallint[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::boolean[], $14::timestamptz[], $15::timestamptz[]
    ) as t (tenant, environment, id, lookup, address, provider, cause, stream,
            reason, source, evidence, actor, security, since, until)
),
known as materialized (
    select g.*,
        exists (select 1 from suppression e where e.tenant = g.tenant and e.environment = g.environment and e.lookup = g.lookup
                and e.cause = 'legal' and e.address is null) as erased,
        case when g.provider <> '' and g.cause = 'hard_bounce' then (
            select b.until from brake b
            where b.tenant = g.tenant and b.environment = g.environment and b.provider = g.provider and b.until > g.since
        ) end as held_until
    from given g
)
insert into suppression as s (tenant, environment, lookup, {_ALL})
select tenant, environment, lookup, id, case when erased then null else address end, provider, cause, stream,
    case when erased then '' else reason end, source, case when erased then null else evidence end, actor, security, since, until, held_until
from known order by tenant, environment, lookup, cause, stream
on conflict (tenant, environment, lookup, cause, stream) do update set
    (since, reason, source, evidence, actor) = (
        select case when n.new then excluded.since else s.since end, case when n.new then excluded.reason else s.reason end,
            case when n.new then excluded.source else s.source end,
            case when n.new then excluded.evidence else coalesce(s.evidence, excluded.evidence) end,
            case when n.new then excluded.actor else s.actor end
        from (select coalesce(s.until <= excluded.since, false) or coalesce(s.held_until <= excluded.since, false) as new) n
    ),
    provider = case when s.provider = '' then excluded.provider else s.provider end,
    security = s.security or excluded.security,
    until = case when s.until is null or excluded.until is null then null else greatest(s.until, excluded.until) end,
    held_until = case
        when s.held_until is null and (s.until is null or s.until > excluded.since) then null
        when excluded.provider = '' then null
        when excluded.held_until is not null then greatest(s.held_until, excluded.held_until)
        when s.held_until > excluded.since then s.held_until
    end
returning {_SHOWN}, s.tenant, s.environment, s.lookup, s.xmax = 0
"""

_LIST: Final = f"""
select {_ALL} from suppression s
where tenant = $1 and environment = $2 and id < $3 and ($4::text is null or cause = $4) and ($5::text is null or stream = $5)
  and ($6::text is null or source = $6) and ($7::text is null or provider = $7)
  and ($8::timestamptz is null or since >= $8) and ($9::timestamptz is null or since <= $9)
  and ($10::boolean is null or (held_until is not null) = $10)
order by id desc limit $11
"""
_OF_LOOKUP: Final = f"""
with own as materialized (select * from suppression where tenant = $1 and environment = $2 and lookup = $12 offset 0)
{_LIST.replace("from suppression s", "from own s")}
"""
_GET: Final = f"select {_ALL} from suppression where tenant = $1 and environment = $2 and id = $3"

_TAKEN: Final = f"""
with asked as materialized (
    select x.ctid from unnest($3::uuid[]) as k (id)
    cross join lateral (select ctid from suppression where tenant = $1 and environment = $2 and id = k.id limit 1 for update) x
)
delete from suppression s using asked where s.ctid = asked.ctid and s.cause <> all($4::text[]) returning {_SHOWN}
"""
_IDS_OF: Final = """
select x.id from unnest($3::bytea[]) as k (lookup)
cross join lateral (
    select id from suppression where tenant = $1 and environment = $2 and lookup = k.lookup
      and ($4::text is null or cause = $4) and ($5::text is null or stream = $5) limit 100
) x
"""
# HELD (32) is how a delivery is marked that waits because of a provisional entry (``queue.Flag``).
_WAKE: Final = """
with waiting as materialized (
    select x.ctid from unnest($3::text[]) as k (recipient)
    cross join lateral (
        select message, position from delivery
        where tenant = $1 and environment = $2 and recipient = k.recipient and message >= $4 order by message desc limit 1000
    ) d
    cross join lateral (
        select ctid from queue
        where tenant = $1 and environment = $2 and message = d.message and position = d.position and state = 2 and flags & 32 <> 0
        limit 1 for update
    ) x
)
update queue q set due = $5 from waiting where q.ctid = waiting.ctid
"""


async def add(
    session: Session,
    tenant: int,
    environment: int,
    entries: "Sequence[SuppressionEntry]",
    now: datetime,
    new_id: Callable[[datetime], UUID],
) -> list[Suppression]:
    """Add addresses; each entry as it is stored then, in the order given. Two of one address, cause and stream are one."""
    whole = [entry if entry.id else msgspec.structs.replace(entry, id=new_id(now)) for entry in entries]
    return await put(session, [(tenant, environment, entry) for entry in whole], now)


async def put(session: Session, entries: "Sequence[tuple[int, int, SuppressionEntry]]", now: datetime) -> list[Suppression]:
    """The same for entries of several lists (tenant, environment, entry), all of which have their ids."""
    first = {_key(*given): given for given in reversed(entries)}
    rows = list(first.values())
    news = [entry for _, _, entry in rows]
    written_rows = await session.fetch(
        _PUT,
        [t for t, _, _ in rows],
        [e for _, e, _ in rows],
        [n.id for n in news],
        [n.lookup for n in news],
        [n.address for n in news],
        [n.provider for n in news],
        [n.cause.value for n in news],
        [n.stream for n in news],
        [n.reason for n in news],
        [n.source for n in news],
        [n.evidence for n in news],
        [n.actor for n in news],
        [n.security for n in news],
        [now] * len(news),
        [n.until for n in news],
    )
    written = {(row[13], row[14], row[15], row[3], row[4]): Suppression(*row[:13], *row[16:]) for row in written_rows}
    return [written[_key(*given)] for given in entries]


async def list_entries(session: Session, tenant: int, environment: int, filter_: SuppressionFilter) -> list[Suppression]:
    """At most ``wanted.limit`` entries, the newest first."""
    before = filter_.before or UUID(int=(1 << 128) - 1)
    asked = (
        tenant,
        environment,
        before,
        filter_.cause,
        filter_.stream,
        filter_.source,
        filter_.provider,
        filter_.since,
        filter_.until,
        filter_.provisional,
        filter_.limit,
    )
    if filter_.lookup is None:
        return [Suppression(*row) for row in await session.fetch(_LIST, *asked)]
    return [Suppression(*row) for row in await session.fetch(_OF_LOOKUP, *asked, filter_.lookup)]


async def get(session: Session, tenant: int, environment: int, entry: UUID) -> Suppression | None:
    """One entry."""
    row = await session.fetchrow(_GET, tenant, environment, entry)
    return None if row is None else Suppression(*row)


async def ids_of(
    session: Session,
    tenant: int,
    environment: int,
    lookups: "Sequence[bytes]",
    *,
    cause: str | None = None,
    stream: str | None = None,
) -> list[UUID]:
    """The entries of these addresses."""
    return [row[0] for row in await session.fetch(_IDS_OF, tenant, environment, lookups, cause, stream)]


async def remove(
    session: Session,
    tenant: int,
    environment: int,
    entries: "Sequence[UUID]",
    spared: "Sequence[Cause]",
    now: datetime,
) -> list[Suppression]:
    """Take entries off the list, but none of a ``spared`` cause; what was taken off.

    What waited because of them is due at once.
    """
    rows = await session.fetch(_TAKEN, tenant, environment, entries, [cause.value for cause in spared])
    removed = [Suppression(*row) for row in rows]
    await wake(session, tenant, environment, [each.address for each in removed if each.held_until and each.address], now)
    return removed


async def wake(session: Session, tenant: int, environment: int, addresses: "Sequence[str]", now: datetime) -> int:
    """Make due what waits because these addresses were held; how many deliveries."""
    if not addresses:
        return 0
    tag = await session.execute(_WAKE, tenant, environment, addresses, ids.floor(now - _REACH), now)
    return int(tag.rpartition(" ")[2])


def _key(tenant: int, environment: int, entry: SuppressionEntry) -> tuple[int, int, bytes, str, str | None]:
    return tenant, environment, entry.lookup, entry.cause.value, entry.stream
