"""What a tenant set for its streams: content policy, unsubscribing, sender, reply address, postal address, tracking.

A stream exists once it has a row; ``KNOWN`` ones exist for every tenant, with the defaults while they have none: content that
does not belong there is flagged, nothing is tracked. Streams are never removed.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from posthouse.model.stream import Stream, default
from posthouse.store.postgres.database import Database, Session

if TYPE_CHECKING:
    from asyncpg import Record

KNOWN: Final = ("marketing", "transactional")
_COLUMNS: Final = (
    "name, content_policy, unsubscribe, reply_to, postal_address, track_opens, track_clicks, tracking_domain, sender"
)
_GET: Final = f"select {_COLUMNS} from stream where tenant = $1 and name = $2"
_GET_FOR_UPDATE: Final = f"select {_COLUMNS} from stream where tenant = $1 and name = $2 for update"
_NAMES: Final = "select name from stream where tenant = $1"
_LOCK: Final = "select id from tenant where id = $1 for no key update"
_LIST: Final = f"select {_COLUMNS} from stream where tenant = $1 order by name limit 1000"
_PUT: Final = f"""
insert into stream (tenant, {_COLUMNS}, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (tenant, name) do update set content_policy = excluded.content_policy, unsubscribe = excluded.unsubscribe,
    reply_to = excluded.reply_to, postal_address = excluded.postal_address, track_opens = excluded.track_opens,
    track_clicks = excluded.track_clicks, tracking_domain = excluded.tracking_domain, sender = excluded.sender, changed_at = excluded.changed_at
"""


async def find(database: Database, tenant: int, name: str) -> Stream | None:
    """The stream; None where the tenant has none of that name."""
    async with database.session() as session:
        row = await session.fetchrow(_GET, tenant, name)
    return None if row is None and name not in KNOWN else _stream(name, row)


async def names(session: Session, tenant: int) -> frozenset[str]:
    """The names of the tenant's streams, those that every tenant has among them."""
    return frozenset(KNOWN).union(row[0] for row in await session.fetch(_NAMES, tenant))


async def lock(session: Session, tenant: int) -> None:
    """Nobody else makes a stream for the tenant until the transaction ends."""
    await session.execute(_LOCK, tenant)


async def get(database: Database, tenant: int, name: str) -> Stream:
    """The stream's settings; its defaults where it has none."""
    async with database.session() as session:
        return _stream(name, await session.fetchrow(_GET, tenant, name))


async def get_for_update(session: Session, tenant: int, name: str) -> Stream:
    """The same, and nobody else changes them until the transaction ends (once there is a row)."""
    return _stream(name, await session.fetchrow(_GET_FOR_UPDATE, tenant, name))


async def list_streams(database: Database, tenant: int) -> list[Stream]:
    """All of them, by name."""
    async with database.session() as session:
        streams = {row[0]: _stream(row[0], row) for row in await session.fetch(_LIST, tenant)}
    streams |= {name: default(name) for name in KNOWN if name not in streams}
    return [streams[name] for name in sorted(streams)]


async def put(session: Session, tenant: int, stream: Stream, now: datetime) -> None:
    """Set all of it."""
    await session.execute(_PUT, tenant, *msgspec.structs.astuple(stream), now)


def _stream(name: str, row: "Record | None") -> Stream:
    return default(name) if row is None else Stream(**dict(zip(Stream.__struct_fields__, row, strict=True)))
