"""Small deletions: dedupe keys past their window. History is never deleted row by row; its partitions are dropped."""

from datetime import datetime
from typing import Final

from posthouse.store.postgres.database import Database

_FORGET: Final = """
delete from dedupe where ctid in (select ctid from dedupe where expires_at <= $1 order by expires_at limit $2 for update skip locked)
"""


async def forget_expired_keys(database: Database, now: datetime, limit: int) -> int:
    """Delete at most ``limit`` keys whose window has ended; how many were deleted."""
    async with database.session() as session:
        tag = await session.execute(_FORGET, now, limit)
    return int(tag.rpartition(" ")[2])
