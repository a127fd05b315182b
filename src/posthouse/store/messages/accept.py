"""Acceptance: many messages become durable in one transaction, except duplicates.

One statement writes message, deliveries, content, queue rows and events of a whole batch; a message whose
dedupe key another message holds is left out of all of them (``holder`` says which). The unique
key of ``dedupe`` decides between racing processes (D2).

Known sharp edges: two rows of one batch must not carry the same key (PostgreSQL cannot touch a row twice in
one command): the caller keeps the second for the next batch. Keys are inserted in order, so that two
processes with the same keys wait for one another instead of deadlocking.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from posthouse.model.delivery import KEY_FREED_EVENTS, STATE_EVENTS
from posthouse.model.message_row import MessageRow, StoredKeyHolder
from posthouse.model.queue import FlowHead, QueueState
from posthouse.store.messages.cancel import supersede
from posthouse.store.postgres.database import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


_ACCEPT: Final = """
with m as materialized (
    select * from unnest(
        $1::int[], $2::smallint[], $3::uuid[], $4::text[], $5::text[], $6::smallint[], $7::text[], $8::timestamptz[],
        $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::bytea[], $15::timestamptz[], $16::text[],
        $17::text[], $18::int[], $19::text[], $20::jsonb[], $21::smallint[], $22::text[], $23::text[], $24::jsonb[],
        $25::smallint[], $26::bytea[], $27::bytea[], $28::bytea[], $29::text[]
    ) as t (tenant, environment, id, type, stream, keep, header_from, created_at,
            occurred_at, send_at, deliver_by, expires_at, dedupe_key, fingerprint, dedupe_until, supersedes,
            template, template_version, locale, metadata, tracking, credential, door, reply,
            key_id, subject, sealed, variables, tags)
),
keyed as (
    insert into dedupe (tenant, environment, key, message, fingerprint, expires_at)
    select tenant, environment, dedupe_key, id, fingerprint, dedupe_until from m where dedupe_key is not null
    order by tenant, environment, dedupe_key
    on conflict (tenant, environment, key) do update
        set message = excluded.message, fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
        where dedupe.expires_at <= $30
    returning message
),
put_message as (
    insert into message (tenant, environment, id, type, stream, keep, header_from, created_at, occurred_at, send_at, deliver_by,
        expires_at, dedupe_key, supersedes, template, template_version, locale, tags, metadata, tracking, credential, door, reply)
    select tenant, environment, id, type, stream, keep, header_from, created_at, occurred_at, send_at, deliver_by,
        expires_at, dedupe_key, supersedes, template, template_version, locale,
        string_to_array(tags, chr(31)), metadata, tracking, credential, door, reply
    from m where dedupe_key is null or id in (select message from keyed)
    returning id
),
put_content as (
    insert into content (tenant, environment, keep, message, key_id, subject, sealed, variables)
    select tenant, environment, keep, id, key_id, subject, sealed, variables
    from m where dedupe_key is null or id in (select message from keyed)
),
d as materialized (
    select * from unnest(
        $31::int[], $32::smallint[], $33::uuid[], $34::smallint[], $35::text[], $36::smallint[], $37::text[], $38::smallint[],
        $39::text[], $40::uuid[], $41::boolean[], $42::timestamptz[], $43::smallint[], $44::int[], $45::timestamptz[], $46::smallint[],
        $47::timestamptz[], $48::timestamptz[], $49::timestamptz[], $50::text[], $51::text[], $52::smallint[], $53::text[], $54::int[], $55::text[],
        $56::text[]
    ) as t (tenant, environment, message, position, recipient, role, site, flags,
            reason, event_id, free, created_at, lane, flow, deadline, state,
            due, expires_at, since, header_domain, type, keep, parent, size, suppression, content)
),
put_delivery as (
    insert into delivery (tenant, environment, message, position, recipient, role)
    select tenant, environment, message, position, recipient, role
    from d where free or message in (select message from keyed)
),
put_event as (
    insert into event (tenant, environment, id, message, position, type, at, data)
    select tenant, environment, event_id, message, position,
        case when flags is null then 'message.suppressed' else 'message.queued' end, created_at,
        case when reason is null and content is null then null
             else jsonb_strip_nulls(jsonb_build_object('reason', reason, 'suppression', suppression, 'content', content)) end
    from d where free or message in (select message from keyed)
),
put_queue as (
    insert into queue (tenant, environment, message, position, lane, flow, deadline, state, due, expires_at, since, site, recipient,
        header_domain, type, keep, parent, flags, size)
    select tenant, environment, message, position, lane, flow, deadline, state, due, expires_at, since, site, recipient,
        header_domain, type, keep, parent, flags, size
    from d where flags is not null and (free or message in (select message from keyed))
)
select id from put_message
"""

_HOLDER: Final = """
select k.message, k.fingerprint, k.expires_at, m.reply,
    not exists (
        select 1 from delivery d where d.tenant = k.tenant and d.environment = k.environment and d.message = k.message
        and coalesce((
            select e.type from (
                select type, xid, id from event
                where tenant = d.tenant and environment = d.environment and message = d.message and position = d.position
                  and type = any($4::text[])
                offset 0  -- or the planner walks the outbox backwards, because it has the order asked for
            ) e order by e.xid desc, e.id desc limit 1), '') <> all($5::text[])
    ) as freed
from dedupe k left join message m on m.tenant = k.tenant and m.environment = k.environment and m.id = k.message
where k.tenant = $1 and k.environment = $2 and k.key = $3
"""

_FREE_KEY: Final = "delete from dedupe where tenant = $1 and environment = $2 and key = $3 and message = $4"
_FLOW: Final = """
with made as (insert into flow (tenant, environment, stream) values ($1, $2, $3) on conflict do nothing returning id)
select id from made union all select id from flow where tenant = $1 and environment = $2 and stream = $3 limit 1
"""


async def accept(
    session: Session, rows: "Sequence[MessageRow]", now: datetime, new_id: Callable[[datetime], UUID]
) -> frozenset[UUID]:
    """Make a batch durable; the ids that were stored. A message that is missing lost its dedupe key to another.

    Errors: whatever PostgreSQL raises; nothing of the batch is stored then.
    """
    columns, deliveries = _columns(rows), _deliveries(rows)
    if not any(row.supersedes for row in rows):
        return frozenset(r[0] for r in await session.fetch(_ACCEPT, *columns, now, *deliveries))
    async with session.transaction():
        stored = frozenset(r[0] for r in await session.fetch(_ACCEPT, *columns, now, *deliveries))
        for row in rows:
            if row.supersedes and row.id in stored:
                await supersede(session, row.tenant, row.environment, row.supersedes, row.id, now, new_id)
    return stored


async def holder(session: Session, tenant: int, environment: int, key: str) -> StoredKeyHolder | None:
    """Who holds a key, or None."""
    row = await session.fetchrow(_HOLDER, tenant, environment, key, STATE_EVENTS, KEY_FREED_EVENTS)
    return None if row is None else StoredKeyHolder(*row)


async def free_key(session: Session, tenant: int, environment: int, key: str, message: UUID) -> None:
    """Release the key of a message whose deliveries all failed (D4); only if that message still holds it."""
    await session.execute(_FREE_KEY, tenant, environment, key, message)


async def flow(session: Session, tenant: int, environment: int, stream: str) -> int:
    """The number of a tenant's stream in an environment, inserted if new."""
    # A row that another transaction inserted after this statement's snapshot is neither inserted nor seen: ask once more.
    for _ in range(2):
        number = await session.fetchval(_FLOW, tenant, environment, stream)
        if number is not None:
            return int(number)
    message = "a flow that another transaction is inserting did not become visible"
    raise RuntimeError(message)


def heads(rows: "Sequence[MessageRow]", stored: frozenset[UUID]) -> list[FlowHead]:
    """What workers are notified of: the flows that have something ready now."""
    return [FlowHead(row.lane, row.flow, row.deadline) for row in rows if row.due is None and row.id in stored]


_FIELDS: Final = (
    "tenant", "environment", "id", "type", "stream", "keep", "header_from", "created_at", "occurred_at", "send_at", "deliver_by",
    "expires_at", "dedupe_key", "fingerprint", "dedupe_until", "supersedes", "template", "template_version", "locale",
    "metadata", "tracking", "credential", "door", "reply", "key_id", "subject", "sealed", "variables",
)  # fmt: skip
_OWN: Final = ("position", "recipient", "role", "site", "flags", "reason", "event_id")
_SHARED: Final = ("created_at", "lane", "flow", "deadline")
_REST: Final = ("due", "expires_at", "since", "header_domain", "type", "keep", "parent")


def _columns(rows: "Sequence[MessageRow]") -> tuple[list[Any], ...]:
    return (*([getattr(row, field) for row in rows] for field in _FIELDS), ["\x1f".join(row.tags) for row in rows])


def _deliveries(rows: "Sequence[MessageRow]") -> tuple[list[Any], ...]:
    """The columns of the delivery rows, with those of their message repeated: joining them in SQL would cost more."""
    flat = [(row, d) for row in rows for d in row.deliveries]
    return (
        [row.tenant for row, _ in flat],
        [row.environment for row, _ in flat],
        [row.id for row, _ in flat],
        *([getattr(d, field) for _, d in flat] for field in _OWN),
        [row.dedupe_key is None for row, _ in flat],
        *([getattr(row, field) for row, _ in flat] for field in _SHARED),
        [QueueState.READY if row.due is None else QueueState.WAITING for row, _ in flat],
        *([getattr(row, field) for row, _ in flat] for field in _REST),
        [len(row.sealed) for row, _ in flat],
        [d.suppression for _, d in flat],
        [d.content for _, d in flat],
    )
