"""Events in the order in which they became visible, for readers that go on from where they stopped (``GET /v1/events``).

Order is (xid, id). Nothing newer than the oldest transaction still open is told, so a reader that keeps only its
last id never misses an event that commits late; a long transaction elsewhere delays the feed instead.

Known sharp edges: retention drops events, and a reader that stopped longer ago than that has no place any more.
The index leads by (xid, id), not by tenant: a small tenant beside a large one reads past the other's events.
"""

from typing import Final
from uuid import UUID

from posthouse.model.told import EventFacts
from posthouse.store.database import Database

_PLACE: Final = "select xid::text from event where tenant = $1 and environment = $2 and id = $3"
_AFTER: Final = """
select e.id, e.type, e.at, e.message, d.recipient, m.type as message_type, m.stream, m.dedupe_key, m.tags, m.metadata, e.data,
    (select count(*) from event b where b.tenant = e.tenant and b.environment = e.environment and b.message = e.message
        and (b.xid, b.id) <= (e.xid, e.id)) as sequence
from event e
left join message m on m.tenant = e.tenant and m.environment = e.environment and m.id = e.message
left join delivery d on d.tenant = e.tenant and d.environment = e.environment and d.message = e.message and d.position = e.position
where e.tenant = $1 and e.environment = $2 and (e.xid, e.id) > ($3::text::xid8, $4)
  and e.xid < pg_snapshot_xmin(pg_current_snapshot())
order by e.xid, e.id limit $5
"""
_START: Final = UUID(int=0)


async def events_after(
    database: Database, tenant: int, environment: int, after: UUID | None, limit: int
) -> list[EventFacts] | None:
    """At most ``limit`` events behind ``after`` (None: from the oldest), oldest first; None where ``after`` is no event here."""
    async with database.acquire() as connection:
        xid = "0" if after is None else await connection.fetchval(_PLACE, tenant, environment, after)
        if xid is None:
            return None
        rows = await connection.fetch(_AFTER, tenant, environment, xid, after or _START, limit)
    return [EventFacts(**dict(row)) for row in rows]
