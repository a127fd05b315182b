"""Whether mail can be accepted just now, and sent: the reasons against it, none when all is well (`/readyz`).

An answer is made at most once a second, however many ask; a probe of the routes is good for ``ROUTES_KEPT``.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from posthouse.model.clock import Clock
from posthouse.pipeline.deliver.lease import LEASE
from posthouse.pipeline.shared_result import SharedResult
from posthouse.store.installation import secret_check
from posthouse.store.postgres import migrate, vitals
from posthouse.store.postgres.database import Database, is_crowded, is_shut_out, is_unavailable
from posthouse.store.queue import workers
from posthouse.store.seal import Sealer
from posthouse.store.ttl_cache import TtlCache

FREE_NEEDED: Final = 100 * 1024 * 1024
HEARTBEAT: Final = timedelta(seconds=15)
PATIENCE: Final = 3.0  # seconds for the database
ANSWER_KEPT: Final = 1.0  # seconds
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

        self._accepting = SharedResult(self._check_accepting, ANSWER_KEPT, clock.monotonic)
        self._sending = SharedResult(self._check_sending, ANSWER_KEPT, clock.monotonic)

    async def reasons(self, *, for_sending: bool) -> list[str]:
        """A sentence each, for an operator; after some seconds at most, whatever hangs.

        Why mail cannot be accepted; and, ``for_sending``, why it could not be sent. A balancer asks the first: while a relay is
        down the queue is needed most.
        """
        reasons = await self._accepting.get()
        return [*reasons, *await self._sending.get()] if for_sending else list(reasons)

    async def _check_accepting(self) -> list[str]:
        reasons = []
        if shutil.disk_usage(self._data_dir).free < FREE_NEEDED:
            reasons.append("less than 100 MB are free in the data directory")
        return reasons + await self._ask_database(self._check_database())

    async def _check_sending(self) -> list[str]:
        return await self._check_routes() + await self._ask_database(self._check_workers())

    async def _ask_database(self, asking: Coroutine[Any, Any, list[str]]) -> list[str]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await asking
        except Exception as error:
            if not is_unavailable(error):
                raise
            if is_crowded(error):
                return ["the database has too many connections"]
            return [_SHUT_OUT if is_shut_out(error) else "the database does not answer"]

    async def _check_routes(self) -> list[str]:
        if self._route_reasons is None:
            return ["no route is configured (POSTHOUSE_ROUTES)"]
        return list(await self._route_reasons.get(None) or ())

    async def _check_database(self) -> list[str]:
        reasons = []
        if (await vitals.server(self._database)).read_only:
            reasons.append("the database is read-only (a standby)")
        if await migrate.current(self._database) < migrate.latest():
            reasons.append("the database schema is not current; run `posthouse migrate`")
        if not await secret_check.proves(self._database, self._sealer):
            reasons.append("the secret key is not the one this database was encrypted with")
        return reasons

    async def _check_workers(self) -> list[str]:
        async with self._database.session() as session:
            alive = await workers.alive(session, self._clock.now() - (HEARTBEAT - LEASE))
        return [] if alive else ["no delivery worker has been heard of for 15 seconds"]
