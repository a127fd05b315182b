"""Housekeeping that any number of processes may do at once: lost workers, mail that nobody takes, partitions, expired keys.

A worker of this machine that has ended is known by its lock at once, any other by its lease. After the database was
away every lease looks old, so nothing is declared stale until this process has seen the database for the length of a
whole lease.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from posthouse.pipeline.alerts.waiting_mail import WaitingMailAlerts
from posthouse.pipeline.deliver.lease import LEASE
from posthouse.pipeline.deliver.reclaim import ReclaimParts, reclaim
from posthouse.pipeline.loops import run_until
from posthouse.store.postgres.partition import drop_partitions, ensure_partitions
from posthouse.store.queue import workers
from posthouse.store.queue.marks import FoundMarks, boot_id
from posthouse.store.queue.sweep import forget_expired_keys

EVERY: Final = 1.0  # seconds
HOUSEKEEPING: Final = timedelta(hours=1)
WAITING: Final = timedelta(seconds=10)
KEYS_AT_ONCE: Final = 5000


class Sweep:
    """``run`` until cancelled."""

    def __init__(self, parts: ReclaimParts) -> None:
        self._parts = parts
        self._host = boot_id()
        self._seen_since = parts.clock.monotonic()
        self._housekeeping_at: datetime | None = None
        self._waiting_mail = WaitingMailAlerts(parts.database, parts.clock, parts.entropy)
        self._waiting_checked_at: datetime | None = None

    async def run(self) -> None:
        """Sweep once a second."""
        await run_until(asyncio.Event(), self._round, name="sweep", pause=EVERY)

    async def once(self) -> None:
        """One round; also called as soon as a worker of ours is seen to end."""
        now = self._parts.clock.now()
        async with self._parts.database.session() as session:
            lost = [row for row in await workers.of_host(session, self._host) if FoundMarks.orphaned(Path(row.marks))]
            if self._parts.clock.monotonic() - self._seen_since >= LEASE.total_seconds():
                known = {row.id for row in lost}
                lost += [row for row in await workers.stale(session, now) if row.id not in known]
        for row in lost:
            await reclaim(self._parts, row)
        if self._housekeeping_at is None or now - self._housekeeping_at >= HOUSEKEEPING:
            await self._clean_up(now)
            self._housekeeping_at = now
        if self._waiting_checked_at is None or now - self._waiting_checked_at >= WAITING:
            self._waiting_checked_at = now
            await self._waiting_mail.check()

    async def _round(self) -> None:
        try:
            await self.once()
        except Exception:
            self._seen_since = self._parts.clock.monotonic()
            raise
        await asyncio.sleep(EVERY)

    async def _clean_up(self, now: datetime) -> None:
        await ensure_partitions(self._parts.database, now)
        await drop_partitions(self._parts.database, now)
        while await forget_expired_keys(self._parts.database, now, KEYS_AT_ONCE) == KEYS_AT_ONCE:
            pass
