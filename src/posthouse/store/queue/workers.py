"""Who delivers: a row per worker process, whose lease covers every delivery that it has leased.

One row is renewed every two seconds instead of one per delivery. A worker whose lease ran out is
*stale*: whoever finds it revokes its marks, takes its deliveries back and deletes its row.
"""

from datetime import datetime
from typing import Final

from posthouse.model.worker import WorkerRow
from posthouse.store.postgres.database import Session

_REGISTER: Final = "insert into worker (host, marks, pid, started_at, lease_until) values ($1, $2, $3, $4, $5) returning id"
_RENEW: Final = "update worker set lease_until = $2 where id = $1 returning id"
_SELECT: Final = "select id, host, marks, pid, lease_until from worker where "
_STALE: Final = _SELECT + "lease_until < $1"
_OF_HOST: Final = _SELECT + "host = $1"


async def register(session: Session, host: str, marks: str, pid: int, now: datetime, lease_until: datetime) -> int:
    """A new worker; its id is half of the fencing token and never used again."""
    return int(await session.fetchval(_REGISTER, host, marks, pid, now, lease_until))


async def renew(session: Session, worker: int, lease_until: datetime) -> bool:
    """Extend the lease; False when this worker was declared dead."""
    return await session.fetchval(_RENEW, worker, lease_until) is not None


async def stale(session: Session, now: datetime) -> list[WorkerRow]:
    """Workers whose lease ran out."""
    return [WorkerRow(*row) for row in await session.fetch(_STALE, now)]


async def of_host(session: Session, host: str) -> list[WorkerRow]:
    """Workers registered on this boot of this machine."""
    return [WorkerRow(*row) for row in await session.fetch(_OF_HOST, host)]


async def forget(session: Session, worker: int) -> None:
    """The worker has nothing leased any more."""
    await session.execute("delete from worker where id = $1", worker)


async def alive(session: Session, now: datetime) -> int:
    """How many workers hold a lease now."""
    return int(await session.fetchval("select count(*) from worker where lease_until >= $1", now))
