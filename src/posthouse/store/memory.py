"""What was asked lately need not be asked again: answers that hold for a few seconds.

Whoever asks all the time never waits for the database: past half of its time an answer is asked for again while the old one is still
given, so that only the first question after a pause takes a round trip. An answer older than its time is never given.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
AHEAD: Final = 0.5  # of its time, after which an answer is asked for again
MOST: Final = 10_000


class TtlCache(Generic[K, V]):
    """One per question and process. None is no answer: it is not kept."""

    def __init__(
        self, find: Callable[[K], Awaitable[V | None]], lasts: float, monotonic: Callable[[], float], most: int = MOST
    ) -> None:
        """``find`` asks the store; ``lasts`` and ``monotonic`` in seconds; beyond ``most`` all is forgotten."""
        self._find = find
        self._lasts = lasts
        self._monotonic = monotonic
        self._most = most
        self._known: dict[K, tuple[float, V]] = {}
        self._asking: dict[K, asyncio.Task[V | None]] = {}
        self._forgotten = 0

    async def get(self, key: K) -> V | None:
        """The answer. Errors: those of ``find``."""
        known = self._known.get(key)
        if known is not None:
            age = self._monotonic() - known[0]
            if age < self._lasts:
                if age > self._lasts * AHEAD and key not in self._asking:
                    self._ask_ahead(key)
                return known[1]
        return await self._ask(key)

    def forget(self, key: K) -> None:
        """It was changed: the next question is asked, and what is on its way is not kept."""
        self._known.pop(key, None)
        self._forgotten += 1

    def forget_where(self, concerns: Callable[[K], bool]) -> None:
        """The same for every key of which that is true."""
        for key in [key for key in self._known if concerns(key)]:
            self.forget(key)
        self._forgotten += 1

    async def _ask(self, key: K) -> V | None:
        begun, forgotten = self._monotonic(), self._forgotten
        found = await self._find(key)
        if found is None:
            self._known.pop(key, None)
        elif self._forgotten == forgotten:
            if len(self._known) >= self._most and key not in self._known:
                self._known.clear()
            self._known[key] = (begun, found)
        return found

    def _ask_ahead(self, key: K) -> None:
        task = asyncio.get_running_loop().create_task(self._ask(key))
        self._asking[key] = task
        task.add_done_callback(lambda done: self._asked(key, done))

    def _asked(self, key: K, done: "asyncio.Task[V | None]") -> None:
        self._asking.pop(key, None)
        if not done.cancelled():
            done.exception()  # looked at: whoever asks when the answer's time is over hears it
