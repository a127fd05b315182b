"""Events in the order in which they became visible, for readers that go on from where they stopped (``GET /v1/events``).

Order is (xid, id). Nothing above the horizon is returned, which is the oldest transaction that may still write an event
(``store.messages.horizon``), so that a reader that keeps only its last id never misses an event that commits late.

A long-lived reader (``posthouse tail``) keeps a cursor instead of an id: it moves with the watermark also while
nothing of its own happens, so that the next read is short, and retention cannot delete the event behind it.

Known sharp edges: retention drops events, and the cursor of a reader that stopped longer ago than that is gone.
The index leads by (xid, id), not by tenant: a small tenant beside a large one reads past the other's events.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.keys import EventCursor
from posthouse.model.webhook_event import EventFacts
from posthouse.store.messages.horizon import readable_below
from posthouse.store.postgres.database import Database

_PLACE: Final = "select xid::text from event where tenant = $1 and environment = $2 and id = $3"
_AFTER: Final = """
select e.id, e.type, e.at, e.message, d.recipient, m.type as message_type, m.stream, m.dedupe_key, m.tags, m.metadata, e.data,
    (select count(*) from event b where b.tenant = e.tenant and b.environment = e.environment and b.message = e.message
        and (b.xid, b.id) <= (e.xid, e.id)) as sequence
from event e
left join message m on m.tenant = e.tenant and m.environment = e.environment and m.id = e.message
left join delivery d on d.tenant = e.tenant and d.environment = e.environment and d.message = e.message and d.position = e.position
where e.tenant = $1 and e.environment = $2 and (e.xid, e.id) > ($3::text::xid8, $4)
  and e.xid < $6::text::xid8
order by e.xid, e.id limit $5
"""
_BELOW: Final = _AFTER.replace("select e.id", "select e.xid::text, e.id")
# By id, which is by time; offset 0, or the planner walks the outbox from its beginning, because it has the order asked for.
_SINCE: Final = """
select xid::text from (select xid from event where tenant = $1 and environment = $2 and id >= $3 offset 0) e order by xid limit 1
"""
_START: Final = UUID(int=0)


async def events_after(
    database: Database, tenant: int, environment: int, after: UUID | None, limit: int
) -> list[EventFacts] | None:
    """At most ``limit`` events behind ``after`` (None: from the oldest), oldest first; None where ``after`` is no event here."""
    async with database.session() as session:
        xid = "0" if after is None else await session.fetchval(_PLACE, tenant, environment, after)
        if xid is None:
            return None
        horizon = await readable_below(session)  # before the look, see there
        rows = await session.fetch(_AFTER, tenant, environment, xid, after or _START, limit, horizon)
    return [EventFacts(**dict(row)) for row in rows]


async def place_now(database: Database) -> EventCursor:
    """Behind everything that may be read by now."""
    async with database.session() as session:
        return EventCursor(await readable_below(session))


async def place_at(database: Database, tenant: int, environment: int, since: datetime) -> EventCursor:
    """Before every event of the tenant since then."""
    now = await place_now(database)
    async with database.session() as session:
        first = await session.fetchval(_SINCE, tenant, environment, ids.floor(since))
    return now if first is None or int(first) > int(now.xid) else EventCursor(first)


async def events_from(
    database: Database, tenant: int, environment: int, cursor: EventCursor, limit: int
) -> tuple[list[EventFacts], EventCursor]:
    """At most ``limit`` events behind a cursor, in order, and the cursor behind them."""
    async with database.session() as session:
        horizon = await readable_below(session)  # before the look: what commits between the two is for the next
        rows = await session.fetch(_BELOW, tenant, environment, cursor.xid, cursor.id, limit, horizon)
    events = [EventFacts(**{name: value for name, value in row.items() if name != "xid"}) for row in rows]
    return events, EventCursor(rows[-1]["xid"], rows[-1]["id"]) if len(rows) == limit else EventCursor(horizon)
