"""How workers hear of arrivals: NOTIFY from its own connection, coalesced, never one per commit.

The first word after a quiet moment goes out at once; what arrives within the next moments goes out together.
Fast lanes and slow lanes are told of apart, so that a flood of newsletters does not make a reset wait for the
next word. A lost one costs the workers' poll, at most a second.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.pipeline.accept.accept import Announcer as Announce
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue

log = structlog.get_logger()

APART_FAST: Final = 0.004
APART_SLOW: Final = 0.025


class WorkerNotifier(Announce):
    """One per process that takes messages in."""

    def __init__(self, database: Database) -> None:
        """Nothing to say yet."""
        self._fast = _Crier(database, APART_FAST)
        self._slow = _Crier(database, APART_SLOW)

    def __call__(self, heads: Sequence[FlowHead]) -> None:
        """See that it is said."""
        for head in heads:
            (self._fast if head.lane <= Lane.PROMPT else self._slow).remember(head)


class _Crier:
    """Says at most one thing per ``apart`` seconds."""

    def __init__(self, database: Database, apart: float) -> None:
        self._database = database
        self._apart = apart
        self._heads: dict[tuple[int, int], FlowHead] = {}
        self._task: asyncio.Task[None] | None = None

    def remember(self, head: FlowHead) -> None:
        """The earliest of each flow is what counts."""
        known = self._heads.get((head.lane, head.flow))
        if known is None or head.deadline < known.deadline:
            self._heads[head.lane, head.flow] = head
        if self._task is None:
            self._task = asyncio.create_task(self._say())

    async def _say(self) -> None:
        try:
            while self._heads:
                heads, self._heads = list(self._heads.values()), {}
                try:
                    async with self._database.session() as session:
                        await queue.notify(session, heads)
                except Exception as error:  # a hint may be lost; the poll finds the rest
                    log.warning("notify failed", error=type(error).__name__)
                await asyncio.sleep(self._apart)
        finally:
            self._task = None
