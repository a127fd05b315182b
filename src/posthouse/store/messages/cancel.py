"""Cancelling a message before its first attempt: by its caller, or by a message that supersedes it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from posthouse.store.postgres.database import Session

# number = 0: never claimed for an attempt; a leased row is on its way already.
_CANCEL: Final = """
delete from queue where tenant = $1 and environment = $2 and message = $3 and number = 0 and state <> 1 returning message, position
"""
_SUPERSEDED: Final = """
with older as materialized (
    select x.ctid
    from (select id from message where tenant = $1 and environment = $2 and supersedes = $3 and id < $4 offset 0) m
    cross join lateral (
        select ctid from queue
        where tenant = $1 and environment = $2 and message = m.id and number = 0 and state <> 1
        limit 1000 for update
    ) x
)
delete from queue q using older where q.ctid = older.ctid returning q.message, q.position
"""
_APPEND_EVENTS: Final = """
insert into event (tenant, environment, id, message, position, type, at, data)
select $1, $2, t.id, t.message, t.position, 'message.cancelled', $6, jsonb_build_object('reason', $7::text)
from unnest($3::uuid[], $4::uuid[], $5::smallint[]) as t (id, message, position)
"""


async def cancel(
    session: Session,
    tenant: int,
    environment: int,
    message: UUID,
    now: datetime,
    new_id: Callable[[datetime], UUID],
) -> int:
    """Cancel what of a message was never attempted; how many deliveries that were. Within the caller's transaction."""
    cancelled = await session.fetch(_CANCEL, tenant, environment, message)
    return await _append_events(session, tenant, environment, [(r[0], r[1]) for r in cancelled], now, new_id, "cancelled")


async def supersede(
    session: Session,
    tenant: int,
    environment: int,
    value: str,
    newer: UUID,
    now: datetime,
    new_id: Callable[[datetime], UUID],
) -> int:
    """Cancel older messages with the same ``supersedes`` value that were never attempted."""
    cancelled = await session.fetch(_SUPERSEDED, tenant, environment, value, newer)
    return await _append_events(session, tenant, environment, [(r[0], r[1]) for r in cancelled], now, new_id, "superseded")


async def _append_events(
    session: Session,
    tenant: int,
    environment: int,
    cancelled: list[tuple[UUID, int]],
    now: datetime,
    new_id: Callable[[datetime], UUID],
    reason: str,
) -> int:
    if cancelled:
        ids = [new_id(now) for _ in cancelled]
        await session.execute(
            _APPEND_EVENTS,
            tenant,
            environment,
            ids,
            [message for message, _ in cancelled],
            [position for _, position in cancelled],
            now,
            reason,
        )
    return len(cancelled)
