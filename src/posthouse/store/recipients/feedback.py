"""What came back, from the door until it is worked on, and what it does to a delivery.

Raw bytes wait here sealed, narrow and deleted when read, like the queue. What was taken is remembered by name, so
that a report or a hook that comes twice does nothing the second time. A delivery's row is locked while its feedback is
taken, so that two facts about it come one after the other.

Known sharp edges: names are forgotten after ``KEPT``; nothing that comes later is taken anyway.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from posthouse.model.delivery import STATE_EVENTS
from posthouse.model.feedback import FeedbackSubject, RawFeedback
from posthouse.model.keys import DeliveryKey
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer

if TYPE_CHECKING:
    from collections.abc import Sequence


KEPT: Final = timedelta(days=120)
LEASE: Final = timedelta(seconds=30)
_PUT: Final = """
insert into feedback_queue (id, tenant, environment, source, message, position, key_id, sealed, received_at, due)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
"""
_CLAIM: Final = """
with due as materialized (
    select ctid from feedback_queue where due <= $1 order by due, id limit $2 for update skip locked
)
update feedback_queue q set due = $3, tries = tries + 1 from due where q.ctid = due.ctid
returning q.id, q.tenant, q.environment, q.source, q.message, q.position, q.key_id, q.sealed, q.received_at, q.tries
"""
_DONE: Final = "delete from feedback_queue where id = any($1::uuid[])"
_ONCE: Final = """
insert into feedback_taken (tenant, environment, source, name, at) values ($1, $2, $3, $4, $5) on conflict do nothing returning true
"""
_FORGET: Final = """
with old as (select ctid from feedback_taken where at < $1 limit 5000) delete from feedback_taken t using old where t.ctid = old.ctid
"""
_DELIVERY: Final = """
select d.message, d.position, d.recipient, m.type, m.stream, m.created_at,
    coalesce((
        select e.type from (
            select type, xid, id from event
            where tenant = $1 and environment = $2 and message = d.message and position = d.position and type = any($5::text[])
            offset 0
        ) e order by e.xid desc, e.id desc limit 1
    ), 'message.queued') as state, m.header_from, m.door
from (
    select * from delivery where tenant = $1 and environment = $2 and message = $3 and position = $4 for update
) d
cross join lateral (select type, stream, created_at, header_from, door from message where tenant = $1 and environment = $2 and id = $3 limit 1) m
"""
_HOST: Final = """
select host from attempt where tenant = $1 and environment = $2 and message = $3 and position = $4 order by number desc limit 1
"""
_POSITION: Final = (
    "select position from delivery where tenant = $1 and environment = $2 and message = $3 and lower(recipient) = lower($4)"
)
_REPLIES: Final = """
select count(*) from (
    select 1 from event where tenant = $1 and environment = $2 and message = $3 and position = $4 and type = 'message.replied' limit $5
) e
"""
# The list repeats the predicate of the partial index ``attempt_remote``: without it the planner could not use that index, and a
# parameter instead of the list would prove nothing to it. It is ``model.route.PROVIDER_KINDS``; a test holds the three equal.
_REMOTE: Final = """
select message, position from attempt
where tenant = $1 and environment = $2 and adapter = $3 and remote_id = $4
  and adapter in ('resend', 'postmark', 'sendgrid', 'mailgun', 'ses')
limit 100
"""


async def put(session: Session, sealer: Sealer, raw: RawFeedback) -> None:
    """Keep what came in, durably, before it is answered."""
    packed = sealer.seal(sealer.pack(msgspec.msgpack.encode((raw.headers, raw.body))), raw.id.bytes)
    await session.execute(
        _PUT, raw.id, raw.tenant, raw.environment, raw.source, raw.message, raw.position, sealer.key_id, packed, raw.received_at
    )


async def put_once(database: Database, sealer: Sealer, raw: RawFeedback, name: str) -> bool:
    """Keep it unless something of that name came from there already; False then. ``name`` '': whatever came."""
    async with database.transaction() as session:
        if name and not await once(session, raw.tenant, raw.environment, raw.source, name, raw.received_at):
            return False
        await put(session, sealer, raw)
    return True


async def claim(database: Database, sealer: Sealer, now: datetime, limit: int) -> list[RawFeedback]:
    """At most ``limit`` that wait, ours for ``LEASE``. Errors: SealBroken."""
    async with database.session() as session:
        rows = await session.fetch(_CLAIM, now, limit, now + LEASE)
    found = []
    for id, tenant, environment, source, message, position, key_id, sealed, received_at, tries in rows:
        headers, body = msgspec.msgpack.decode(
            sealer.unpack(sealer.open(sealed, key_id, id.bytes)), type=tuple[dict[str, str], bytes]
        )
        found.append(
            RawFeedback(
                id=id,
                tenant=tenant,
                environment=environment,
                source=source,
                body=body,
                received_at=received_at,
                headers=headers,
                message=message,
                position=position,
                tries=tries,
            )
        )
    return found


async def done(session: Session, ids: "Sequence[UUID]") -> None:
    """Worked on: forget the raw bytes."""
    await session.execute(_DONE, list(ids))


async def once(session: Session, tenant: int, environment: int, source: str, name: str, now: datetime) -> bool:
    """Whether this is the first of its name from that source; remembered if so."""
    return bool(await session.fetchval(_ONCE, tenant, environment, source, name[:512], now))


async def forget_old(database: Database, now: datetime) -> None:
    """Names nobody will ask for any more, a bounded number."""
    async with database.session() as session:
        await session.execute(_FORGET, now - KEPT)


async def subject(session: Session, key: DeliveryKey) -> FeedbackSubject | None:
    """The delivery, locked until the transaction ends."""
    row = await session.fetchrow(_DELIVERY, *_columns(key), STATE_EVENTS)
    return None if row is None else FeedbackSubject(*row)


async def last_host(session: Session, key: DeliveryKey) -> str:
    """The host that the last attempt reached, '' where none did."""
    return str(await session.fetchval(_HOST, *_columns(key)) or "")


async def count_replies(session: Session, key: DeliveryKey, limit: int) -> int:
    """How many replies of people a delivery has events of, counted up to ``limit``."""
    return int(await session.fetchval(_REPLIES, *_columns(key), limit))


async def position_of(session: Session, tenant: int, environment: int, message: UUID, recipient: str) -> int | None:
    """Which delivery of a message went to an address."""
    found = await session.fetchval(_POSITION, tenant, environment, message, recipient)
    return None if found is None else int(found)


async def by_remote_id(session: Session, tenant: int, environment: int, adapter: str, remote_id: str) -> list[tuple[UUID, int]]:
    """The deliveries that a provider knows under its own id."""
    rows = await session.fetch(_REMOTE, tenant, environment, adapter, remote_id)
    return [(row[0], row[1]) for row in rows]


def _columns(key: DeliveryKey) -> tuple[int, int, UUID, int]:
    return key.tenant, key.environment, key.message, key.position


NewId = Callable[[datetime], UUID]
EventData = dict[str, Any]
