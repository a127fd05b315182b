"""Buckets of limited keys, shared by all processes: locked, judged and written in one short transaction.

What a bucket means is ``policy.throttle``'s. The table is unlogged: no sync, and after a crash of the database it is empty.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from posthouse.model.keys import BucketKey
from posthouse.store.postgres.database import Database, Session

_LOCK: Final = """
select b.tenant, b.environment, b.credential, b.authentication, b.full_at
from unnest($1::int[], $2::smallint[], $3::uuid[], $4::bool[]) k (tenant, environment, credential, authentication)
cross join lateral (
    select * from bucket where tenant = k.tenant and environment = k.environment and credential = k.credential
    and authentication = k.authentication for update
) b
"""
_CREATE: Final = """
insert into bucket (tenant, environment, credential, authentication, full_at)
select *, $5 from unnest($1::int[], $2::smallint[], $3::uuid[], $4::bool[]) on conflict do nothing
"""
_WRITE: Final = """
update bucket b set full_at = k.full_at
from unnest($1::int[], $2::smallint[], $3::uuid[], $4::bool[], $5::timestamptz[]) k (tenant, environment, credential, authentication, full_at)
where b.tenant = k.tenant and b.environment = k.environment and b.credential = k.credential and b.authentication = k.authentication
"""


Buckets = Mapping[BucketKey, datetime]


async def change(database: Database, wanted: Iterable[BucketKey], now: datetime, judge: Callable[[Buckets], Buckets]) -> None:
    """Hand the buckets to ``judge`` while nobody else can change them, and write what it returns of them."""
    keys = sorted(set(wanted))  # one order for everybody, so that nobody waits for somebody who waits for them
    async with database.transaction() as session:
        buckets = await _locked(session, keys)
        missing = [key for key in keys if key not in buckets]
        if missing:
            await session.execute(_CREATE, *_columns(missing), now)
            buckets = await _locked(session, keys)
        changed = judge(buckets)
        if changed:
            await session.execute(_WRITE, *_columns(changed), list(changed.values()))


async def _locked(session: Session, keys: list[BucketKey]) -> dict[BucketKey, datetime]:
    return {BucketKey(*row[:4]): row[4] for row in await session.fetch(_LOCK, *_columns(keys))}


def _columns(keys: Iterable[BucketKey]) -> list[list[object]]:
    return [list(column) for column in zip(*keys, strict=True)]
