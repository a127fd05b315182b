"""An answer that many may ask for at once is made once, and is good for a moment.

Unlike ``store.ttl_cache`` it never makes the answer before somebody asks, and whoever comes while it is being made waits for
the same one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedResult(Generic[T]):
    """One answer. ``make`` is called at most once in ``seconds``; what it raises is raised to all who wait and not kept."""

    def __init__(self, make: Callable[[], Awaitable[T]], seconds: float, monotonic: Callable[[], float]) -> None:
        """``monotonic`` in seconds."""
        self._make = make
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: tuple[float, T] | None = None
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The answer, at most ``seconds`` older than the question. Errors: those of ``make``."""
        if self._kept is not None and self._monotonic() - self._kept[0] < self._seconds:
            return self._kept[1]
        if self._making is None:
            self._making = asyncio.get_running_loop().create_task(self._remake())
        return await asyncio.shield(self._making)  # one who goes away takes the answer from nobody

    async def _remake(self) -> T:
        try:
            value = await self._make()
            self._kept = (self._monotonic(), value)
            return value
        finally:
            self._making = None
