"""What waits to be sent to webhook endpoints: gathered from the events, leased, settled.

Events are gathered in the order (xid, id) behind one cursor, and only below the horizon: the oldest transaction that may
still write one (``store.messages.horizon``). So none that commits late is skipped. The rows and the new cursor are one commit,
so none is lost or gathered twice. Nothing is written, and hardly anything read, while there is no endpoint.

One process at a time sends to an endpoint: the ``holder`` of its lease. Rows need no mark of their own then; a process
that lost its lease settles nothing, and what it had sent is sent again (at least once). Inside a thread (a message) an
event waits for those before it: ``claim`` leaves it out, and a failure moves those behind it to its own due time.

Known sharp edges: an event that failed ``ordered`` times while others of its endpoint go well no longer holds back its thread.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import EndpointHealth, LeasedEndpoint, WaitingEvent
from posthouse.model.webhook_event import EventFacts
from posthouse.store.messages.horizon import readable_below
from posthouse.store.postgres.database import Database, Session

if TYPE_CHECKING:
    from collections.abc import Sequence


TEST: Final = "webhook.test"
_START: Final = """
    select case when p.xid < w.since then w.since else p.xid end as xid,
        case when p.xid < w.since then '00000000-0000-0000-0000-000000000000'::uuid else p.id end as id
    from place p cross join lateral (select since from webhook_endpoint where disabled_at is null order by since limit 1) w
"""
# Cheap on purpose, because it runs all the time: one row of the cursor, one of the endpoints, one step in the index of events.
_NEWS: Final = f"""
with place as materialized (select xid, id from webhook_place), start as materialized ({_START})
select (
    select exists (select 1 from event where (xid, id) > (s.xid, s.id))
    from start s
)
"""
_OLDEST: Final = f"""
with place as materialized (select xid, id from webhook_place), start as materialized ({_START})
select e.tenant, e.environment, e.at from start s cross join lateral (
    select tenant, environment, at from event where (xid, id) > (s.xid, s.id) order by xid, id limit 1
) e
"""
# ``skip locked`` on the only row of the cursor makes one process gather at a time, without waiting. An event behind one of its
# thread that still waits gets that one's due time, so that a thread stays in order.
_GATHER: Final = f"""
with place as materialized (select xid, id from webhook_place for update skip locked),
start as materialized ({_START}),
batch as materialized (
    select e.* from start s cross join lateral (
        select tenant, environment, id, xid, message, type from event
        where (xid, id) > (s.xid, s.id) and xid < $4::text::xid8 order by xid, id limit $1
    ) e
),
put as (
    insert into webhook_delivery (tenant, environment, endpoint, thread, xid, event, due)
    select b.tenant, b.environment, w.id, coalesce(b.message, b.id), b.xid, b.id, greatest($2, (
        select max(p.due + interval '0') from webhook_delivery p  -- the sum keeps the planner from walking the index by due
        where p.tenant = b.tenant and p.environment = b.environment and p.endpoint = w.id and p.thread = coalesce(b.message, b.id)
          and (p.tries < $3 or w.failures > 1)))
    from batch b
    join webhook_endpoint w on w.tenant = b.tenant and w.environment = b.environment and w.disabled_at is null and b.xid >=
    w.since where (w.events is null or b.type = any(w.events) or split_part(b.type, '.', 1) || '.*' = any(w.events))
      and (w.streams is null or exists (
        select 1 from message m where m.tenant = b.tenant and m.environment = b.environment and m.id = b.message
          and m.stream = any(w.streams)))
    on conflict do nothing
    returning tenant, environment, endpoint
),
moved as (update webhook_place p set xid = l.xid, id = l.id from (select xid, id from batch order by xid desc, id desc limit 1) l)
select n.count, t.* from (select count(*) from batch) n
left join (select distinct tenant, environment, endpoint from put) t on true
"""
_READY: Final = """
select tenant, environment, id from webhook_endpoint w
where disabled_at is null and (rest_until is null or rest_until <= $2) and (holder is null or holder = $1 or lease_until <= $2)
  and exists (
    select 1 from webhook_delivery d where d.tenant = w.tenant and d.environment = w.environment and d.endpoint = w.id and d.due
    <= $2)
order by lease_until nulls first limit $3
"""
_LEASE: Final = """
with free as materialized (
    select x.ctid from unnest($4::int[], $5::smallint[], $6::uuid[]) as k (tenant, environment, id)
    cross join lateral (
        select ctid from webhook_endpoint where tenant = k.tenant and environment = k.environment and id = k.id
          and disabled_at is null and (holder is null or holder = $1 or lease_until <= $2)
        limit 1 for no key update skip locked
    ) x
)
update webhook_endpoint w set holder = $1, lease_until = $3 from free where w.ctid = free.ctid
returning w.tenant, w.environment, w.id
"""
_RENEW: Final = """
update webhook_endpoint w set lease_until = $2 from unnest($3::int[], $4::smallint[], $5::uuid[]) as k (tenant, environment, id)
where w.tenant = k.tenant and w.environment = k.environment and w.id = k.id and w.holder = $1
returning w.tenant, w.environment, w.id
"""
_RELEASE: Final = """
update webhook_endpoint w set holder = null, lease_until = null
from unnest($2::int[], $3::smallint[], $4::uuid[]) as k (tenant, environment, id)
where w.tenant = k.tenant and w.environment = k.environment and w.id = k.id and w.holder = $1
"""
_GET_LEASED: Final = """
select kind, url, failures, failing_since, rest_until from webhook_endpoint
where tenant = $1 and environment = $2 and id = $3 and holder = $4 and disabled_at is null
"""
_CLAIM: Final = """
with q as materialized (
    select thread, xid, event, test, tries, due from webhook_delivery q
    where tenant = $1 and environment = $2 and endpoint = $3 and due <= $4 and event <> all($5::uuid[])
      and not exists (
        select 1 from webhook_delivery p
        where p.tenant = $1 and p.environment = $2 and p.endpoint = $3 and p.thread = q.thread and (p.xid, p.event) < (q.xid,
        q.event)
          and p.due is not null and (p.tries < $6 or $7))
    order by due, xid, event limit $8
)
select q.thread, q.xid::text, q.event, q.test, q.tries, q.due, e.type, e.at, e.message, d.recipient, m.type as message_type,
m.stream, m.dedupe_key,
    m.tags, m.metadata, e.data, (
        select count(*) from event b where b.tenant = $1 and b.environment = $2 and b.message = e.message
          and (b.xid, b.id) <= (e.xid, e.id)) as sequence
from q
left join lateral (select * from event where tenant = $1 and environment = $2 and id = q.event limit 1) e on true
left join lateral (select * from message where tenant = $1 and environment = $2 and id = e.message limit 1) m on true
left join lateral (
    select recipient from delivery where tenant = $1 and environment = $2 and message = e.message and position = e.position
    limit 1
) d on true
order by q.due, q.xid, q.event
"""


async def has_news(database: Database) -> bool | None:
    """Whether there are events behind the cursor, which may not all be readable yet; None where there is no endpoint. Only
    reads.
    """
    async with database.session() as session:
        has_news: bool | None = await session.fetchval(_NEWS)
        return has_news


async def oldest_unread(database: Database) -> tuple[int, int, datetime] | None:
    """Tenant, environment and time of the first event behind the cursor; None where there is none, or no endpoint."""
    async with database.session() as session:
        row: Any = await session.fetchrow(_OLDEST)
    return None if row is None else (row[0], row[1], row[2])


async def gather(database: Database, now: datetime, limit: int, *, ordered_tries: int) -> tuple[int, list[EndpointKey]]:
    """Read at most ``limit`` further events: how many there were, and which endpoints get some.

    (0, []) while another process reads.

        ``ordered_tries``: after so many an event that fails while others of its endpoint go well holds back its thread no longer.
    """
    async with database.session() as session:
        horizon = await readable_below(session)  # before the look, see there
        rows = await session.fetch(_GATHER, limit, now, ordered_tries, horizon)
    return rows[0][0], [EndpointKey(*tuple(row)[1:]) for row in rows if row[3] is not None]


async def find_ready(database: Database, holder: UUID, now: datetime, limit: int) -> list[EndpointKey]:
    """Endpoints with something due whose lease is ours or free."""
    async with database.session() as session:
        return [EndpointKey(*row) for row in await session.fetch(_READY, holder, now, limit)]


async def lease(
    database: Database, holder: UUID, endpoints: "Sequence[EndpointKey]", now: datetime, until: datetime
) -> list[EndpointKey]:
    """Lease these endpoints until then; those that are ours now."""
    async with database.session() as session:
        return [EndpointKey(*row) for row in await session.fetch(_LEASE, holder, now, until, *key_columns(endpoints))]


async def renew(database: Database, holder: UUID, endpoints: "Sequence[EndpointKey]", until: datetime) -> set[EndpointKey]:
    """Extend the leases; those that are still ours."""
    async with database.session() as session:
        return {EndpointKey(*row) for row in await session.fetch(_RENEW, holder, until, *key_columns(endpoints))}


async def release(database: Database, holder: UUID, endpoints: "Sequence[EndpointKey]") -> None:
    """Give the leases up, for any process to take."""
    async with database.session() as session:
        await session.execute(_RELEASE, holder, *key_columns(endpoints))


async def get_leased(session: Session, key: EndpointKey, holder: UUID) -> LeasedEndpoint | None:
    """The endpoint as it is now; None where its lease is no longer ours, or it is disabled."""
    row: Any = await session.fetchrow(_GET_LEASED, key.tenant, key.environment, key.id, holder)
    if row is None:
        return None
    return LeasedEndpoint(kind=row[0], url=row[1], health=EndpointHealth(row[2], row[3], row[4]))


async def claim(
    session: Session,
    key: EndpointKey,
    now: datetime,
    in_progress: "Sequence[UUID]",
    limit: int,
    *,
    failing: bool,
    ordered_tries: int,
) -> list[WaitingEvent]:
    """At most ``limit`` events that may be sent now, oldest first, without those in ``in_progress``.

    ``failing``: the endpoint is, so that every event holds back its thread. ``ordered_tries`` as in ``gather``.
    """
    rows = await session.fetch(_CLAIM, key.tenant, key.environment, key.id, now, list(in_progress), ordered_tries, failing, limit)
    return [_waiting(key, row) for row in rows]


def key_columns(endpoints: "Sequence[EndpointKey]") -> tuple[list[Any], ...]:
    """Keys of endpoints as three arrays."""
    return [key.tenant for key in endpoints], [key.environment for key in endpoints], [key.id for key in endpoints]


_FACTS: Final = (
    "type",
    "at",
    "message",
    "recipient",
    "message_type",
    "stream",
    "dedupe_key",
    "tags",
    "metadata",
    "data",
    "sequence",
)


def _waiting(key: EndpointKey, row: Any) -> WaitingEvent:
    facts: EventFacts | None = None
    if row["test"]:
        facts = EventFacts(id=row["event"], type=TEST, at=ids.born(row["event"]), data={"endpointId": ids.text("whk", key.id)})
    elif row["type"] is not None:
        facts = EventFacts(id=row["event"], **{name: row[name] for name in _FACTS})
    return WaitingEvent(
        endpoint=key, thread=row["thread"], xid=row["xid"], event=row["event"], tries=row["tries"], due=row["due"], facts=facts
    )
