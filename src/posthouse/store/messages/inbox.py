"""The built-in inbox: the bytes that would have been on the wire, kept for a week, sealed.

Rows are found by tenant, environment and recipient; what a mail says (subject, links, code) is read from its
bytes by whoever shows it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.inbox import InboxFilter, InboxItem, NewInboxItem
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer

if TYPE_CHECKING:
    from asyncpg import Record

_END: Final = UUID(int=(1 << 128) - 1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSERT: Final = """
insert into inbox (tenant, environment, id, message, position, recipient, type, received_at, key_id, sealed)
select t.tenant, t.environment, t.id, t.message, t.position, t.recipient, t.type, $8, $9, t.sealed
from unnest($1::int[], $2::smallint[], $3::uuid[], $4::uuid[], $5::smallint[], $6::text[], $7::text[], $10::bytea[])
    as t (tenant, environment, id, message, position, recipient, type, sealed)
"""
_COLUMNS: Final = "id, message, position, recipient, type, received_at, key_id, sealed"
_LIST: Final = f"""
select {_COLUMNS} from inbox
where tenant = $1 and environment = $2 and id < $3 and id >= $4 and ($5::text is null or type = $5)
order by id desc limit $6
"""
_LIST_OF: Final = f"""
select {_COLUMNS} from inbox
where tenant = $1 and environment = $2 and id < $3 and id >= $4 and ($5::text is null or type = $5) and recipient = $7
order by recipient desc, id desc limit $6
"""
_GET: Final = f"select {_COLUMNS} from inbox where tenant = $1 and environment = $2 and id = $3"
_EMPTY: Final = "delete from inbox where tenant = $1 and environment = $2 and ($3::text is null or recipient = $3)"


async def insert_many(session: Session, sealer: Sealer, items: Sequence[NewInboxItem], now: datetime) -> None:
    """Keep a batch, all or nothing."""
    await session.execute(
        _INSERT,
        [item.tenant for item in items],
        [item.environment for item in items],
        [item.id for item in items],
        [item.message for item in items],
        [item.position for item in items],
        [item.recipient for item in items],
        [item.type for item in items],
        now,
        sealer.key_id,
        [sealer.seal(sealer.pack(item.data), item.id.bytes) for item in items],
    )


async def list_items(database: Database, sealer: Sealer, tenant: int, environment: int, filter_: InboxFilter) -> list[InboxItem]:
    """Newest first. ``since`` is exclusive of older milliseconds only: an item of that very one is included."""
    bounds = (filter_.before or _END, ids.floor(filter_.since or EPOCH))
    arguments = (tenant, environment, *bounds, filter_.type, filter_.limit)
    async with database.session() as session:
        if filter_.recipient is None:
            rows = await session.fetch(_LIST, *arguments)
        else:
            rows = await session.fetch(_LIST_OF, *arguments, filter_.recipient)
    return [_item(row, sealer) for row in rows]


async def get(database: Database, sealer: Sealer, tenant: int, environment: int, item: UUID) -> InboxItem | None:
    """One mail."""
    async with database.session() as session:
        row = await session.fetchrow(_GET, tenant, environment, item)
    return None if row is None else _item(row, sealer)


async def delete_all(session: Session, tenant: int, environment: int, recipient: str | None = None) -> int:
    """Empty it (for one recipient only, if given); how many mails that were."""
    tag = await session.execute(_EMPTY, tenant, environment, recipient)
    return int(tag.rpartition(" ")[2])


def _item(row: "Record", sealer: Sealer) -> InboxItem:
    item, message, position, recipient, type, received_at, key_id, sealed = row
    data = sealer.unpack(sealer.open(sealed, key_id, item.bytes))
    return InboxItem(
        id=item, message=message, position=position, recipient=recipient, type=type, received_at=received_at, data=data
    )
