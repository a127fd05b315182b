"""Sending a message again: its deliveries go back into the queue as they were, or it is copied."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from posthouse.model.delivery import STATE_EVENTS
from posthouse.model.queue import FlowHead
from posthouse.model.stored_message import RequeuePlan, StoredMessage, StoredRecipient
from posthouse.store.postgres.database import Session

_COLUMNS: Final = ", ".join(
    f"{'c' if name in ('key_id', 'subject', 'sealed', 'variables') else 'm'}.{name}" for name in StoredMessage.__struct_fields__
)
_STORED: Final = f"""
select {_COLUMNS} from message m
left join content c on c.tenant = m.tenant and c.environment = m.environment and c.keep = m.keep and c.message = m.id
where m.tenant = $1 and m.environment = $2 and m.id = $3
"""
_TYPE: Final = "select type from message where tenant = $1 and environment = $2 and id = $3"
_RECIPIENTS: Final = """
select d.position, d.recipient, d.role, coalesce((
    select substring(e.type from 9) from (
        select type, xid, id from event
        where tenant = d.tenant and environment = d.environment and message = d.message and position = d.position
          and type = any($4::text[])
        offset 0  -- see accept
    ) e order by e.xid desc, e.id desc limit 1), 'queued')
from delivery d where d.tenant = $1 and d.environment = $2 and d.message = $3 order by d.position
"""
# What the first attempt fixed (Date, keyset) is copied, so that every later attempt sends the same bytes.
_REQUEUE: Final = """
with put as (
    insert into queue (tenant, environment, message, position, lane, flow, deadline, state, expires_at, since, site, recipient,
        header_domain, type, keep, parent, flags, size, number, first_attempt_at, keyset)
    select m.tenant, m.environment, m.id, d.position, $5, $6, $7, 0, $8, $9, $10, d.recipient, $11, m.type, m.keep, $15, $12, $13,
        coalesce(a.number, 0), a.first_attempt_at, a.keyset
    from message m
    join delivery d on d.tenant = m.tenant and d.environment = m.environment and d.message = m.id and d.position = $4
    left join lateral (
        select max(number) as number, min(first_attempt_at) as first_attempt_at, min(keyset) as keyset from attempt t
        where t.tenant = m.tenant and t.environment = m.environment and t.message = m.id and t.position = d.position
    ) a on true
    where m.tenant = $1 and m.environment = $2 and m.id = $3
    on conflict do nothing
    returning message
)
insert into event (tenant, environment, id, message, position, type, at, data)
select $1, $2, $14, message, $4, 'message.queued', $9, jsonb_build_object('reason', 'resent') from put
returning id
"""


async def stored(session: Session, tenant: int, environment: int, message: UUID) -> StoredMessage | None:
    """The message, or None."""
    row = await session.fetchrow(_STORED, tenant, environment, message)
    return None if row is None else StoredMessage(**dict(row.items()))


async def type_of(session: Session, tenant: int, environment: int, message: UUID) -> str | None:
    """The type of a message; None where there is none."""
    message_type: str | None = await session.fetchval(_TYPE, tenant, environment, message)
    return message_type


async def recipients(session: Session, tenant: int, environment: int, message: UUID) -> list[StoredRecipient]:
    """Its deliveries and how they stand."""
    return [StoredRecipient(*row) for row in await session.fetch(_RECIPIENTS, tenant, environment, message, STATE_EVENTS)]


async def requeue(
    session: Session,
    tenant: int,
    environment: int,
    message: UUID,
    plan: RequeuePlan,
    now: datetime,
    event_id: UUID,
) -> FlowHead | None:
    """Put one delivery back into the queue; None where it is there already."""
    queued: Any = await session.fetchval(
        _REQUEUE,
        tenant,
        environment,
        message,
        plan.position,
        plan.lane,
        plan.flow,
        plan.deadline,
        plan.expires_at,
        now,
        plan.site,
        plan.header_domain,
        plan.flags,
        plan.size,
        event_id,
        plan.parent,
    )
    return None if queued is None else FlowHead(plan.lane, plan.flow, plan.deadline)
