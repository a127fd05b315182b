"""Many entries at once, in and out: COPY into a table of the session and one insert a chunk; a cursor on the way out.

Memory holds one chunk, however long the file is. An entry that is there already stays as it is, unless it had ended or was
provisional; nobody's evidence is overwritten by a file.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from posthouse.model.suppression import Suppression, SuppressionEntry
from posthouse.store.postgres.database import Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


CHUNK: Final = 5000
_COLUMNS: Final = (
    "id",
    "lookup",
    "address",
    "cause",
    "stream",
    "reason",
    "source",
    "evidence",
    "actor",
    "security",
    "since",
    "until",
)
_BEGIN: Final = """
create temp table if not exists incoming (
    id uuid, lookup bytea, address text, cause text, stream text, reason text, source text, evidence jsonb, actor text,
    security boolean, since timestamptz, until timestamptz
)
"""
_END: Final = "drop table if exists incoming"
_EMPTY: Final = "truncate incoming"
_MOVE: Final = """
insert into suppression as s (tenant, environment, id, lookup, address, cause, stream, reason, source, evidence, actor, security, since, until)
select $1, $2, i.id, i.lookup,
    case when exists (select 1 from suppression e where e.tenant = $1 and e.environment = $2 and e.lookup = i.lookup
                      and e.cause = 'legal' and e.address is null) then null else i.address end,
    i.cause, i.stream, i.reason, i.source, i.evidence, i.actor, i.security, i.since, i.until
from incoming i order by i.lookup, i.cause, i.stream
on conflict (tenant, environment, lookup, cause, stream) do update
    set until = excluded.until, held_until = null, reason = excluded.reason, source = excluded.source, actor = excluded.actor,
        evidence = excluded.evidence, since = excluded.since
    where s.until is not null or s.held_until is not null
returning 1
"""
_OUT: Final = """
select id, address, provider, cause, stream, reason, source, evidence, actor, security, since, until, held_until
from suppression where tenant = $1 and environment = $2 and address is not null order by id
"""


async def begin(session: Session) -> None:
    """Make the session's table; ``end`` must follow on the same connection."""
    await session.execute(_BEGIN)


async def end(session: Session) -> None:
    """Forget it."""
    await session.execute(_END)


async def load(session: Session, tenant: int, environment: int, entries: "Sequence[SuppressionEntry]", now: datetime) -> int:
    """Enter a chunk, in a transaction of its own; how many are new. All have their ids, and no two are of one place."""
    rows: list[tuple[Any, ...]] = [
        (e.id, e.lookup, e.address, e.cause.value, e.stream, e.reason, e.source, e.evidence, e.actor, e.security, now, e.until)
        for e in entries
    ]
    async with session.transaction():
        await session.execute(_EMPTY)
        await session.copy_records_to_table("incoming", records=rows, columns=_COLUMNS)
        return len(await session.fetch(_MOVE, tenant, environment))


async def every(session: Session, tenant: int, environment: int) -> "AsyncIterator[Suppression]":
    """Every entry that still has an address, the oldest first, of one moment; a thousand are held at a time."""
    async with session.transaction(isolation="repeatable_read", readonly=True):
        async for row in session.cursor(_OUT, tenant, environment, prefetch=1000):
            yield Suppression(*row)
