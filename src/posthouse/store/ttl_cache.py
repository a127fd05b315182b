"""Answers of the store that may be a few seconds old: who reads the same all the time does not wait for the database each time.

Past half of its time to live an answer is loaded again in the background while the old one is still given, so that only the
first question after a pause waits for a round trip. An answer older than its time to live is never given. What needs no time to
live is ``model.bounded_cache``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from posthouse.model.bounded_cache import BoundedCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
REFRESH_AFTER: Final = 0.5  # of the time to live
LIMIT: Final = 10_000


class TtlCache(Generic[K, V]):
    """One per question and process. None is no answer: it is not remembered."""

    def __init__(
        self, load: Callable[[K], Awaitable[V | None]], ttl: float, monotonic: Callable[[], float], limit: int = LIMIT
    ) -> None:
        """``load`` reads the store; ``ttl`` and ``monotonic`` in seconds; ``limit``: how many keys."""
        self._load = load
        self._ttl = ttl
        self._monotonic = monotonic
        self._answers: BoundedCache[K, tuple[float, V]] = BoundedCache(limit)
        self._refreshing: dict[K, asyncio.Task[V | None]] = {}
        self._generation = 0  # grows with every change, so that an answer read before a change is not remembered after it

    async def get(self, key: K) -> V | None:
        """The answer. Errors: those of ``load``."""
        answer = self._answers.get(key)
        if answer is not None:
            age = self._monotonic() - answer[0]
            if age < self._ttl:
                if age > self._ttl * REFRESH_AFTER and key not in self._refreshing:
                    self._refresh(key)
                return answer[1]
        return await self._read(key)

    def forget(self, key: K) -> None:
        """It was changed: the next question reads the store, and an answer that is on its way is not remembered."""
        self._answers.remove(key)
        self._generation += 1

    def forget_where(self, matches: Callable[[K], bool]) -> None:
        """The same for every key that ``matches``."""
        for key in [key for key in self._answers if matches(key)]:
            self._answers.remove(key)
        self._generation += 1

    async def _read(self, key: K) -> V | None:
        started, generation = self._monotonic(), self._generation
        value = await self._load(key)
        if value is None:
            self._answers.remove(key)
        elif self._generation == generation:
            self._answers.set(key, (started, value))
        return value

    def _refresh(self, key: K) -> None:
        task = asyncio.get_running_loop().create_task(self._read(key))
        self._refreshing[key] = task
        task.add_done_callback(lambda done: self._refreshed(key, done))

    def _refreshed(self, key: K, task: "asyncio.Task[V | None]") -> None:
        self._refreshing.pop(key, None)
        if not task.cancelled():
            task.exception()  # retrieved, or asyncio would log it; whoever asks after the time to live gets it from its own read
