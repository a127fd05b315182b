"""Send events to a webhook endpoint once more, or a test event for the first time.

A window is replayed in pieces, each in a transaction of its own, so that a long window holds no lock for long.

Known sharp edges: a replay that is broken off has begun.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from posthouse.model.keys import EndpointKey
from posthouse.store.messages.horizon import readable_below
from posthouse.store.postgres.database import Database, Session

_PIECE: Final = 5000  # events a transaction
_REPLAY: Final = """
with found as materialized (
    select e.tenant, e.environment, w.id as endpoint, coalesce(e.message, e.id) as thread, e.xid, e.id from event e
    join webhook_endpoint w on w.tenant = e.tenant and w.environment = e.environment and w.id = $3
    where e.tenant = $1 and e.environment = $2 and e.id > $4 and e.id <= $5 and e.xid < $8::text::xid8
    order by e.id limit $7
),
put as (
    insert into webhook_delivery (tenant, environment, endpoint, thread, xid, event, due)
    select f.tenant, f.environment, f.endpoint, f.thread, f.xid, f.id, $6 from found f
    join event e on e.tenant = f.tenant and e.environment = f.environment and e.id = f.id
    join webhook_endpoint w on w.tenant = f.tenant and w.environment = f.environment and w.id = f.endpoint
    where (w.events is null or e.type = any(w.events) or split_part(e.type, '.', 1) || '.*' = any(w.events))
      and (w.streams is null or exists (
        select 1 from message m where m.tenant = f.tenant and m.environment = f.environment and m.id = e.message
          and m.stream = any(w.streams)))
    on conflict (tenant, environment, endpoint, thread, xid, event) do update set due = excluded.due, tries = 0
    returning 1
)
select (select count(*) from found), (select count(*) from put), (select id from found order by id desc limit 1)
"""


_REPLAY_FAILED: Final = """
update webhook_delivery set due = $4, tries = 0 where ctid in (
    select ctid from webhook_delivery
    where tenant = $1 and environment = $2 and endpoint = $3 and (due is null or due > $4) and not test limit $5 for update skip locked)
"""


_TEST: Final = """
insert into webhook_delivery (tenant, environment, endpoint, thread, xid, event, test, due)
values ($1, $2, $3, $4, pg_current_xact_id(), $4, true, $5)
"""


async def replay(database: Database, key: EndpointKey, after: UUID, until: UUID, now: datetime, most: int) -> int:
    """Tell the events with ids in (after, until] again, those that the endpoint's filters let through; how many, at most ``most``
    looked at.
    """
    queued = looked = 0
    while looked < most:
        async with database.session() as session:
            copied, added, last = await _piece(session, key, after, until, now, min(_PIECE, most - looked))
        looked, queued = looked + copied, queued + added
        if last is None or copied < _PIECE:
            break
        after = last
    return queued


async def replay_failed(database: Database, key: EndpointKey, now: datetime) -> int:
    """Tell again, now, what was given up and what waits for another try; how many."""
    queued = 0
    while True:
        async with database.session() as session:
            tag = await session.execute(_REPLAY_FAILED, key.tenant, key.environment, key.id, now, _PIECE)
        copied = int(tag.rpartition(" ")[2])
        queued += copied
        if copied < _PIECE:
            return queued


async def replay_event(session: Session, key: EndpointKey, event: UUID, now: datetime) -> bool:
    """Tell one event again; False where there is none of that id, or the filters leave it out."""
    _, queued, _ = await _piece(session, key, UUID(int=event.int - 1), event, now, 1)
    return queued > 0


async def queue_test_event(session: Session, key: EndpointKey, event: UUID, now: datetime) -> None:
    """Queue an event of type ``webhook.test`` for this endpoint alone."""
    await session.execute(_TEST, key.tenant, key.environment, key.id, event, now)


async def _piece(
    session: Session, key: EndpointKey, after: UUID, until: UUID, now: datetime, limit: int
) -> tuple[int, int, UUID | None]:
    horizon = await readable_below(session)
    row: Any = await session.fetchrow(_REPLAY, key.tenant, key.environment, key.id, after, until, now, limit, horizon)
    return row[0], row[1], row[2]
