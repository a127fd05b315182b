"""A tenant's alerts, newest first: the events of type ``alert.*``, found over an index of their own."""

from datetime import datetime
from typing import Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.alert import Alert, AlertFilter
from posthouse.store.postgres.database import Session

# "type like 'alert.%'" repeats the predicate of the partial index: without it the planner could not use that index.
_LIST: Final = """
select id, type, at, message, data from event
where tenant = $1 and environment = $2 and type like 'alert.%' and id < $3 and id >= $4 and ($5::text is null or type = $5)
  and ($6::timestamptz is null or at <= $6)
order by id desc limit $7
"""
_COUNT: Final = """
select count(*) from (
    select 1 from event where tenant = $1 and environment = $2 and type like 'alert.%' and id >= $3 limit 100
) found
"""
_LAST: Final = UUID(int=(1 << 128) - 1)
_FIRST: Final = UUID(int=0)


async def list_alerts(session: Session, tenant: int, environment: int, filter_: AlertFilter) -> list[Alert]:
    """At most ``wanted.limit`` alerts, the newest first."""
    begin = ids.floor(filter_.since) if filter_.since else _FIRST
    rows = await session.fetch(
        _LIST, tenant, environment, filter_.before or _LAST, begin, filter_.type, filter_.until, filter_.limit
    )
    return [Alert(*row) for row in rows]


async def count_since(session: Session, tenant: int, environment: int, since: datetime) -> int:
    """How many there were since then; at most a hundred are counted."""
    return int(await session.fetchval(_COUNT, tenant, environment, ids.floor(since)))
