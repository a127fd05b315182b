"""An address is erased (GDPR article 17): it stands nowhere any more, and is still not written to.

Rows that are nothing without it are deleted (what waits to be sent to it, kept mail, dedupe keys that name it); content is sealed
and cannot be searched, so it is deleted with the messages that went to the address, unless somebody else of the same message
still waits for it. In every other text of the tenant's rows the address is blotted out (``erase_text`` in the schema, which asks the
catalog which texts there are). One entry is left: cause legal, all streams, security too, of a keyed hash.

Known sharp edges: bodies of other messages that mention the address are sealed and not looked into; they go when their time is
over. It reads a tenant's history once, so it takes as long as that is long. A delivery on the wire at this moment arrives.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from posthouse.policy.suppress import Cause

if TYPE_CHECKING:
    from asyncpg import Connection, Record

SOURCE: Final = "erasure"
_PATIENCE: Final = 24 * 3600.0  # seconds; history may be long

_GONE_TO: Final = """
select distinct message, recipient from delivery
where tenant = $1 and environment = $2 and right(recipient, length($4)) = $4
  and translate(recipient, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') = any($3::text[])
"""
_UNQUEUE: Final = """
delete from queue q using unnest($3::uuid[]) as k (message)
where q.tenant = $1 and q.environment = $2 and q.message = k.message and q.recipient = any($4::text[])
returning q.message, q.position
"""
_TELL: Final = """
insert into event (tenant, environment, id, message, position, type, at, data)
select $1, $2, t.id, t.message, t.position, 'message.suppressed', $6, jsonb_build_object('reason', 'legal')
from unnest($3::uuid[], $4::uuid[], $5::smallint[]) as t (id, message, position)
"""
_NOT_DONE: Final = """
select k.message from unnest($3::uuid[]) as k (message)
cross join lateral (select 1 from queue where tenant = $1 and environment = $2 and message = k.message limit 1) q
"""
_CONTENT: Final = """
delete from content c using unnest($3::uuid[]) as k (message)
where c.tenant = $1 and c.environment = $2 and c.keep in (0, 1, 2) and c.message = k.message
"""
_INBOX: Final = "delete from inbox where tenant = $1 and environment = $2 and recipient = any($3::text[])"
_KEYS: Final = "delete from dedupe where tenant = $1 and environment = $2 and key ~ $3"
_COUNTED: Final = "delete from soft_bounce where tenant = $1 and environment = $2 and lookup = $3"
_ENTRIES: Final = "delete from suppression where tenant = $1 and environment = $2 and lookup = $3"
_LEAVE: Final = """
insert into suppression (tenant, environment, id, lookup, cause, reason, source, actor, security, since)
values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9)
"""
_TEXTS: Final = "select erase_text($1, $2)"


class Erasing(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased. ``spellings``: the folded address, quoted and not; ``pattern``: what finds it in a text (a Postgres ARE)."""

    tenant: int
    lookup: bytes
    spellings: tuple[str, ...]
    pattern: str
    reason: str
    actor: str


class Erased(msgspec.Struct, frozen=True, rename="camel"):
    """What was done. ``pending``: messages whose content stays because others of it still wait; erase again when they are out."""

    entries: tuple[str, ...]
    messages: int
    stopped: int
    pending: int
    texts: int


async def erase(
    connection: "Connection[Record]", what: Erasing, now: datetime, new_id: Callable[[datetime], UUID]
) -> tuple[Erased, list[UUID]]:
    """Erase from both environments in the caller's transaction; what was done, and the entries that are left."""
    messages = stopped = pending = 0
    left = []
    for environment in (0, 1):
        done = await _of_environment(connection, environment, what, now, new_id)
        messages, stopped, pending = messages + done[0], stopped + done[1], pending + done[2]
    texts = await connection.fetchval(_TEXTS, what.tenant, what.pattern, timeout=_PATIENCE)
    for environment in (0, 1):  # last, so that nothing above touches it
        left.append(new_id(now))
        await connection.execute(
            _LEAVE, what.tenant, environment, left[-1], what.lookup, Cause.LEGAL.value, what.reason, SOURCE, what.actor, now
        )
    return Erased((), messages, stopped, pending, int(texts)), left


async def _of_environment(
    connection: "Connection[Record]", environment: int, what: Erasing, now: datetime, new_id: Callable[[datetime], UUID]
) -> tuple[int, int, int]:
    place = (what.tenant, environment)
    domain = what.spellings[0][what.spellings[0].rindex("@") :]
    sent = await connection.fetch(_GONE_TO, *place, what.spellings, domain, timeout=_PATIENCE)
    messages, recipients = sorted({row[0] for row in sent}), sorted({row[1] for row in sent})
    stopped = await connection.fetch(_UNQUEUE, *place, messages, recipients, timeout=_PATIENCE)
    await connection.execute(
        _TELL, *place, [new_id(now) for _ in stopped], [row[0] for row in stopped], [row[1] for row in stopped], now
    )
    waiting = {row[0] for row in await connection.fetch(_NOT_DONE, *place, messages, timeout=_PATIENCE)}
    await connection.execute(_CONTENT, *place, [each for each in messages if each not in waiting], timeout=_PATIENCE)
    await connection.execute(_INBOX, *place, recipients, timeout=_PATIENCE)
    await connection.execute(_KEYS, *place, what.pattern, timeout=_PATIENCE)
    for statement in (_COUNTED, _ENTRIES):
        await connection.execute(statement, *place, what.lookup)
    return len(messages), len(stopped), len(waiting)
