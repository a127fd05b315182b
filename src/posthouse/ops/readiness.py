"""Whether mail can be accepted and sent just now: the reasons against it, none when all is well (`/readyz`).

The routes are probed on request, but not at every request: a result is reused for ``ROUTES_KEPT``.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from posthouse.model.clock import Clock
from posthouse.pipeline.deliver.lease import LEASE
from posthouse.store.installation import secret_check
from posthouse.store.postgres import migrate, vitals
from posthouse.store.postgres.database import Database, is_shut_out, is_unavailable
from posthouse.store.queue import workers
from posthouse.store.seal import Sealer
from posthouse.store.ttl_cache import TtlCache

FREE_NEEDED: Final = 100 * 1024 * 1024
HEARTBEAT: Final = timedelta(seconds=15)
PATIENCE: Final = 5.0  # seconds for the database
ROUTES_KEPT: Final = 10.0  # seconds
_SHUT_OUT: Final = (
    "the database does not let us in: user, password or database name of POSTHOUSE_DATABASE_URL is not the right one"
)


class Readiness:
    """What `/readyz` answers from."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Clock,
        data_dir: Path,
        unreachable_routes: Callable[[], Awaitable[list[str]]] | None,
    ) -> None:
        """``unreachable_routes``: why no route can be used just now; None where none is configured."""
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._data_dir = data_dir
        self._route_reasons: TtlCache[None, list[str]] | None = None
        if unreachable_routes is not None:
            self._route_reasons = TtlCache(lambda _: unreachable_routes(), ROUTES_KEPT, clock.monotonic)

    async def reasons(self) -> list[str]:
        """A sentence each, for an operator; after some seconds at most, whatever hangs."""
        reasons = await self._check_routes()
        if shutil.disk_usage(self._data_dir).free < FREE_NEEDED:
            reasons.append("less than 100 MB are free in the data directory")
        try:
            async with asyncio.timeout(PATIENCE):
                reasons += await self._check_database()
        except Exception as error:
            if not is_unavailable(error):
                raise
            reasons.append(_SHUT_OUT if is_shut_out(error) else "the database does not answer")
        return reasons

    async def _check_routes(self) -> list[str]:
        if self._route_reasons is None:
            return ["no route is configured (POSTHOUSE_ROUTES)"]
        return list(await self._route_reasons.get(None) or ())

    async def _check_database(self) -> list[str]:
        reasons = []
        if (await vitals.server(self._database)).read_only:
            reasons.append("the database is read-only (a standby)")
        async with self._database.session() as session:
            if not await workers.alive(session, self._clock.now() - (HEARTBEAT - LEASE)):
                reasons.append("no delivery worker has been heard of for 15 seconds")
        if await migrate.current(self._database) < migrate.latest():
            reasons.append("the database schema is not current; run `posthouse migrate`")
        if not await secret_check.proves(self._database, self._sealer):
            reasons.append("the secret key is not the one this database was encrypted with")
        return reasons
