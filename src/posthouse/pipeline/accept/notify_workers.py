"""How workers learn of new messages: NOTIFY on a connection of its own, coalesced, never one per commit.

The first notification after a quiet moment is sent at once; what arrives within the next moments is sent together.
Fast lanes and slow lanes are notified apart, so that a flood of newsletters does not make a reset wait for the
next notification. A lost one costs the workers' poll, at most a second.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue

log = structlog.get_logger()

FAST_INTERVAL: Final = 0.004  # seconds
SLOW_INTERVAL: Final = 0.025


class WorkerNotifier:
    """One per process that accepts messages."""

    def __init__(self, database: Database) -> None:
        self._fast = _LaneNotifier(database, FAST_INTERVAL)
        self._slow = _LaneNotifier(database, SLOW_INTERVAL)

    def __call__(self, heads: Sequence[FlowHead]) -> None:
        """Notify the workers soon that these flows have something ready."""
        for head in heads:
            (self._fast if head.lane <= Lane.PROMPT else self._slow).add(head)


class _LaneNotifier:
    """Sends at most one notification per ``interval`` seconds."""

    def __init__(self, database: Database, interval: float) -> None:
        self._database = database
        self._interval = interval
        self._heads: dict[tuple[int, int], FlowHead] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, head: FlowHead) -> None:
        """Only the earliest of each flow counts."""
        waiting = self._heads.get((head.lane, head.flow))
        if waiting is None or head.deadline < waiting.deadline:
            self._heads[head.lane, head.flow] = head
        if self._task is None:
            self._task = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        try:
            while self._heads:
                heads, self._heads = list(self._heads.values()), {}
                try:
                    async with self._database.session() as session:
                        await queue.notify(session, heads)
                except Exception as error:  # a hint may be lost; the poll finds the rest
                    log.warning("notify failed", error=type(error).__name__)
                await asyncio.sleep(self._interval)
        finally:
            self._task = None
