"""Weekly partitions of history by time-ordered id: made ahead of time, dropped when their time is over (O5).

A partition holds the ids of one week from Monday 00:00 UTC. One that is missing costs nothing but
order: rows then go to the table's DEFAULT partition, and stay there. Content is dropped by class,
everything else by one age; there is never a mass DELETE.

A new partition is made as a table of its own and then attached, which waits for no writer; attaching needs the
DEFAULT partition, and dropping the whole table, for itself for a moment, so both give up after
300 ms and leave the rest to the next sweep.

Known sharp edges: a week that has rows in DEFAULT already cannot get its partition any more (PostgreSQL
refuses); it is left out and the rest goes on. Names are ours only, made from the tables below and a date.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from posthouse.model import ids
from posthouse.store.postgres.database import Database, Session

WEEK: Final = timedelta(weeks=1)
WEEKS_AHEAD: Final = 3
KEPT: Final = {
    "message": timedelta(days=400),
    "delivery": timedelta(days=400),
    "attempt": timedelta(days=400),
    "event": timedelta(days=400),
    "content_brief": timedelta(days=7),
    "content_standard": timedelta(days=90),
    "content_record": timedelta(days=400),
    "inbox": timedelta(days=7),
    "webhook_attempt": timedelta(days=14),
}
_BOUNDED: Final = "set local lock_timeout = '300ms'"
_LOCK: Final = 0x70617274  # "part": two processes do not make the same table at the same moment
_CHILDREN: Final = """
select parent.relname::text, child.relname::text
from pg_inherits
join pg_class parent on parent.oid = inhparent
join pg_class child on child.oid = inhrelid
where parent.relname = any($1::text[]) and parent.relnamespace = current_schema()::regnamespace
"""
_MAKE: Final = """
create table {name} (like {parent} including all);
alter table {parent} attach partition {name} for values from ('{first}') to ('{last}');
"""
_MAKE_DEFAULT: Final = "create table {name} partition of {parent} default"
_DROP: Final = "drop table {name}"


class Partition(msgspec.Struct, frozen=True, order=True):
    """A table's week; ``since`` is its Monday, or None for what belongs to no week."""

    parent: str
    since: datetime | None

    @property
    def name(self) -> str:
        """``message_p20261116``, ``message_default``."""
        return f"{self.parent}_default" if self.since is None else f"{self.parent}_p{self.since:%Y%m%d}"


def week(moment: datetime) -> datetime:
    """The Monday, 00:00 UTC, of a moment's week."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def needed_partitions(now: datetime, weeks_ahead: int = WEEKS_AHEAD) -> Iterator[Partition]:
    """What should be there: per table its DEFAULT, and last week to ``weeks_ahead`` weeks from now."""
    for parent in KEPT:
        yield Partition(parent, None)
        for number in range(-1, weeks_ahead + 1):
            yield Partition(parent, week(now) + number * WEEK)


def is_over(partition: Partition, now: datetime) -> bool:
    """Whether the youngest row a partition can hold is older than its table keeps."""
    return partition.since is not None and partition.since + WEEK + KEPT[partition.parent] <= now


async def ensure_partitions(database: Database, now: datetime, weeks_ahead: int = WEEKS_AHEAD) -> int:
    """Make what is missing; how many were made. What is locked or blocked is left to the next sweep."""
    return sum([await _try(database, _statement(partition)) for partition in await _missing(database, now, weeks_ahead)])


async def drop_partitions(database: Database, now: datetime) -> int:
    """Drop what is past its time; how many were dropped. What is in use is left to the next sweep."""
    async with database.session() as session:
        there = await _there(session)
    over = [partition for partition in there if is_over(partition, now)]
    return sum([await _try(database, _DROP.format(name=partition.name)) for partition in over])


async def _missing(database: Database, now: datetime, weeks_ahead: int) -> list[Partition]:
    async with database.session() as session:
        there = set(await _there(session))
    return [partition for partition in needed_partitions(now, weeks_ahead) if partition not in there]


async def _there(session: Session) -> list[Partition]:
    rows = await session.fetch(_CHILDREN, list(KEPT))
    return [partition for parent, name in rows if (partition := _read(parent, name)) is not None]


def _read(parent: str, name: str) -> Partition | None:
    """The partition behind a name; None for one that is not ours."""
    suffix = name.removeprefix(f"{parent}_")
    if suffix == "default":
        return Partition(parent, None)
    try:
        return Partition(parent, datetime.strptime(suffix, "p%Y%m%d").replace(tzinfo=UTC))
    except ValueError:
        return None


def _statement(partition: Partition) -> str:
    if partition.since is None:
        return _MAKE_DEFAULT.format(name=partition.name, parent=partition.parent)
    first, last = ids.floor(partition.since), ids.floor(partition.since + WEEK)
    return _MAKE.format(name=partition.name, parent=partition.parent, first=first, last=last)


async def _try(database: Database, statement: str) -> bool:
    """One statement in its own transaction; False where it has to wait for later."""
    try:
        async with database.transaction() as session:
            await session.execute(_BOUNDED)
            await session.execute("select pg_advisory_xact_lock($1)", _LOCK)
            await session.execute(statement)
            return True
    except (
        asyncpg.LockNotAvailableError,
        asyncpg.CheckViolationError,  # the DEFAULT partition has rows of that week
        asyncpg.DuplicateTableError,  # another process was faster
        asyncpg.UndefinedTableError,
        asyncpg.DeadlockDetectedError,
    ):
        return False
