"""How concurrent requests share a commit: what arrives while one batch is written goes into the next.

No timer: an idle batcher writes at once, a busy one writes as often as the database answers. ``pause``
is for work that no caller waits for (settling): the least time between two batches.

If a batch fails for a reason of one of its items, each item is written alone, so that a bad row does not fail
its neighbours; if the store is away, all of them fail.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """``write`` takes a batch and returns a result per item, in order. ``fails_together``: the error is not one item's, so
    retrying the items alone is of no use.
    """

    def __init__(
        self,
        write: Callable[[list[Item]], Awaitable[list[Result]]],
        *,
        fails_together: Callable[[BaseException], bool],
        limit: int = 500,
        pause: float = 0.0,
    ) -> None:
        """``limit``: most items a batch; ``pause``: seconds."""
        self._write = write
        self._fails_together = fails_together
        self._limit = limit
        self._pause = pause
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """The result of the item, once its batch is committed."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return future

    async def drain(self) -> None:
        """Wait until nothing is waiting."""
        while self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await self._batch(batch)
                if self._pause:
                    await asyncio.sleep(self._pause)
        finally:
            self._task = None

    async def _batch(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._write([item for item, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not self._fails_together(error):
                for one in batch:
                    await self._batch([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
