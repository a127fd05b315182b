"""The one loop that outlives errors: it runs a step again and again until it is stopped.

A step that fails is logged and run again after a pause: the database may be away, or a bug of ours may meet one bad row. Nothing
else in the pipeline catches everything in a loop of its own.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from posthouse.store.postgres.database import is_unavailable

log = structlog.get_logger()


async def run_until(
    stop: asyncio.Event,
    step: Callable[[], Awaitable[object]],
    *,
    name: str,
    pause: float,
    on_away: Callable[[], None] = lambda: None,
) -> None:
    """Run ``step`` until ``stop`` is set. ``name`` goes into the log; ``pause``: seconds after a failure.

    ``on_away`` is called when a step failed because the database was away: whatever it would have told us meanwhile is lost.
    """
    while not stop.is_set():
        try:
            await step()
        except Exception as error:  # the loop outlives the database's absence and its own bugs
            if is_unavailable(error):
                log.warning("database away", during=name)
                on_away()
            else:
                log.exception("loop failed", during=name)
            await asyncio.sleep(pause)


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long; True where it is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
