"""Erasure of an address (GDPR article 17): it is removed everywhere, and still not written to.

First it is suppressed (cause legal, all streams, security too, by a keyed hash), so that nothing new is accepted for it. Then
what is only about it is deleted: what waits to be sent to it, mail in the inbox, dedupe keys that name it, and the content of
messages that went to it, unless another recipient of the same message still waits. Last, it is replaced in every text of every
table of the tenant: the view ``erasable`` lists the text columns of the catalog, and each table is changed in batches, a
transaction each, because a long one would delay everybody who reads events in order. An erasure that breaks off has begun;
running it again does the rest.

Known sharp edges: what is sealed cannot be searched, so bodies of other messages that mention the address stay sealed until
their time is over. It reads a tenant's history once, so it takes as long as that is long. A delivery on the wire at this moment
arrives.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from posthouse.model.erasure import AddressToErase, ErasedRows
from posthouse.model.suppression import Cause
from posthouse.store.postgres.database import Session

if TYPE_CHECKING:
    from asyncpg import Record

SOURCE: Final = "erasure"
BATCH: Final = 1000  # rows changed in one transaction
_PATIENCE: Final = 24 * 3600.0  # seconds; history may be long

# What sends mail or is shown in it would break, so the tenant has to change it first.
_IN_USE: Final = """
select 'the tenant' from tenant where id = $1 and concat_ws(' ', name, default_from, reply_to) ~ $2
union all select 'brand' from brand where tenant = $1 and to_jsonb(brand)::text ~ $2
union all select 'stream/' || name from stream where tenant = $1 and to_jsonb(stream)::text ~ $2
union all select 'webhook/' || url from webhook_endpoint where tenant = $1 and removed_at is null and url ~ $2
union all select 'credential/' || lookup from credential where tenant = $1 and revoked_at is null and lookup ~ $2
union all
select distinct 'template/' || v.name from template_version v
join template_wording w on w.tenant = v.tenant and w.name = v.name and w.version = v.version
where v.tenant = $1 and v.state = 'active' and (v.sender ~ $2 or to_jsonb(w)::text ~ $2)
union all
select p.kind || '/' || p.name from (
    select distinct on (kind, name) kind, name, source from template_part where tenant = $1 order by kind, name, version desc
) p where p.source ~ $2
"""
_DELIVERIES: Final = """
select distinct environment, message, recipient from delivery
where tenant = $1 and right(recipient, length($3)) = $3
  and translate(recipient, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') = any($2::text[])
"""
_UNQUEUE: Final = """
delete from queue q using unnest($3::uuid[]) as k (message)
where q.tenant = $1 and q.environment = $2 and q.message = k.message and q.recipient = any($4::text[])
returning q.message, q.position
"""
_APPEND_EVENTS: Final = """
insert into event (tenant, environment, id, message, position, type, at, data)
select $1, $2, t.id, t.message, t.position, 'message.suppressed', $6, jsonb_build_object('reason', 'legal')
from unnest($3::uuid[], $4::uuid[], $5::smallint[]) as t (id, message, position)
"""
_STILL_QUEUED: Final = """
select k.message from unnest($3::uuid[]) as k (message)
cross join lateral (select 1 from queue where tenant = $1 and environment = $2 and message = k.message limit 1) q
"""
_CONTENT: Final = """
delete from content c using unnest($3::uuid[]) as k (message)
where c.tenant = $1 and c.environment = $2 and c.keep in (0, 1, 2) and c.message = k.message
"""
_INBOX: Final = """
delete from inbox where tenant = $1 and right(recipient, length($3)) = $3
  and translate(recipient, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') = any($2::text[])
"""
_KEYS: Final = "delete from dedupe where tenant = $1 and key ~ $2"
_SOFT_BOUNCES: Final = "delete from soft_bounce where tenant = $1 and lookup = $2"
_SUPPRESSIONS: Final = "delete from suppression where tenant = $1 and lookup = $2"
_SUPPRESS: Final = """
insert into suppression (tenant, environment, id, lookup, cause, reason, source, actor, security, since)
values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9)
"""
_TABLES: Final = "select distinct place from erasable order by place"
_ERASE_BATCH: Final = "select erase_batch($1, $2, $3, $4, $5)"


async def in_use(session: Session, what: AddressToErase) -> list[str]:
    """Which settings of the tenant's hold the address, so that erasing it would break them."""
    return sorted({row[0] for row in await session.fetch(_IN_USE, what.tenant, what.pattern, timeout=_PATIENCE)})


async def block(session: Session, what: AddressToErase, now: datetime, new_id: Callable[[datetime], UUID]) -> tuple[UUID, ...]:
    """Replace every suppression of the address by one of its hash, live and test; the ids of the new ones.

    In the caller's transaction.
    """
    suppressed = (new_id(now), new_id(now))
    for statement in (_SOFT_BOUNCES, _SUPPRESSIONS):
        await session.execute(statement, what.tenant, what.lookup)
    for environment, entry in enumerate(suppressed):
        await session.execute(
            _SUPPRESS, what.tenant, environment, entry, what.lookup, Cause.LEGAL.value, what.reason, SOURCE, what.actor, now
        )
    return suppressed


async def written_to(session: Session, what: AddressToErase) -> "list[Record]":
    """Environment, message and recipient of every delivery to the address.

    Reads the whole history, so call it outside of a transaction that writes.
    """
    return list(await session.fetch(_DELIVERIES, what.tenant, what.spellings, what.domain, timeout=_PATIENCE))


async def forget(
    session: Session,
    what: AddressToErase,
    sent: "list[Record]",
    now: datetime,
    new_id: Callable[[datetime], UUID],
) -> ErasedRows:
    """Delete what is only about the address, in the caller's transaction."""
    messages = stopped = pending = 0
    for environment in (0, 1):
        mine = [row for row in sent if row[0] == environment]
        message_ids = sorted({row[1] for row in mine})
        ended, waiting = await _stop(
            session, (what.tenant, environment), message_ids, sorted({row[2] for row in mine}), now, new_id
        )
        messages, stopped, pending = messages + len(message_ids), stopped + ended, pending + waiting
    await session.execute(_INBOX, what.tenant, what.spellings, what.domain, timeout=_PATIENCE)
    await session.execute(_KEYS, what.tenant, what.pattern, timeout=_PATIENCE)
    return ErasedRows(messages, stopped, pending)


async def erase_from_texts(session: Session, what: AddressToErase, batch: int = BATCH) -> int:
    """Replace the address in every text of the tenant; how many rows changed.

    Call it outside of a transaction: each batch is one.
    """
    total = 0
    for (place,) in await session.fetch(_TABLES):
        changed = batch
        while changed >= batch:
            changed = int(
                await session.fetchval(_ERASE_BATCH, what.tenant, what.core, what.pattern, place, batch, timeout=_PATIENCE)
            )
            total += changed
    return total


async def _stop(
    session: Session,
    place: tuple[int, int],
    messages: list[UUID],
    recipients: list[str],
    now: datetime,
    new_id: Callable[[datetime], UUID],
) -> tuple[int, int]:
    """Delete what waits in the queue, and content that no other recipient waits for.

    Returns how many deliveries were stopped, and how many of the messages still wait for others.
    """
    stopped = await session.fetch(_UNQUEUE, *place, messages, recipients, timeout=_PATIENCE)
    await session.execute(
        _APPEND_EVENTS, *place, [new_id(now) for _ in stopped], [row[0] for row in stopped], [row[1] for row in stopped], now
    )
    waiting = {row[0] for row in await session.fetch(_STILL_QUEUED, *place, messages, timeout=_PATIENCE)}
    await session.execute(_CONTENT, *place, [each for each in messages if each not in waiting], timeout=_PATIENCE)
    return len(stopped), len(waiting)
