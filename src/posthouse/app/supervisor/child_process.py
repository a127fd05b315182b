"""Child processes: started with what they inherit, watched, started again, ended in order.

A child is told its role by its arguments and gets what is secret (the database's address, keys) over its
standard input, never over arguments or the environment. The kernel ends it when its parent dies.
"""

import asyncio
import contextlib
import os
from asyncio.subprocess import Process
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from posthouse.app.child import child_command
from posthouse.app.runtime.child_spec import ChildSpec

log = structlog.get_logger()

BACKOFF: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_AFTER: Final = 30.0


class ChildProcess:
    """One process and its successors. ``ended`` is called after each death."""

    def __init__(self, spec: ChildSpec, ended: Callable[["ChildProcess"], None]) -> None:
        """``spec.ready`` is set anew for each start."""
        self.spec = spec
        self.ready = asyncio.Event()
        self._ended = ended
        self._process: Process | None = None
        self._leaving: set[Process] = set()
        self._changing = asyncio.Lock()
        self._stopping = False
        self._deaths = 0

    @property
    def name(self) -> str:
        """For logs."""
        return self.spec.name

    async def keep_running(self) -> None:
        """Start, wait, and start again until stopped."""
        clock = asyncio.get_running_loop()
        while True:
            began = clock.time()
            self._process = await self._start(self.ready)
            code = await self._wait_until_ended()
            self.ready.clear()
            self._ended(self)
            if self._stopping:
                return
            self._deaths = 0 if clock.time() - began > STEADY_AFTER else self._deaths + 1
            log.error("process ended", process=self.name, code=code)
            await asyncio.sleep(BACKOFF[min(max(self._deaths - 1, 0), len(BACKOFF) - 1)])

    async def _wait_until_ended(self) -> int:
        """The exit code of the process, or of the last that took its place."""
        while True:
            process = self._process
            code = await process.wait() if process is not None else 0
            async with self._changing:  # a successor may be about to take its place
                if self._process is process:
                    return code

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after ``grace`` seconds."""
        self._stopping = True
        await asyncio.gather(*(self._terminate(process, grace) for process in (self._process, *self._leaving) if process))

    async def renew(self, grace: float) -> bool:
        """Start a successor, which reads everything anew, and put it in this process' place; False where it is not ready in time.

        Both share the listening sockets meanwhile, so no client waits for one to end or the other to begin.
        """
        async with self._changing:
            before, ready = self._process, asyncio.Event()
            successor = await self._start(ready, beside=True)
            try:
                if not await _is_ready_in_time(ready, successor, grace):
                    return False
                self._process = successor
            finally:
                if self._process is not successor:
                    await self._terminate(successor, 0)
        if before is not None:
            await self._retire(before, grace)
        return True

    async def _retire(self, process: Process, grace: float) -> None:
        self._leaving.add(process)
        try:
            await self._terminate(process, grace)
        finally:
            self._leaving.discard(process)
        self._ended(self)

    async def _terminate(self, process: Process, grace: float) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            log.warning("process did not end in time", process=self.name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _start(self, ready: asyncio.Event, *, beside: bool = False) -> Process:
        """A new process that was given its spec; ``ready`` is set when it reports so."""
        read_end, write_end = os.pipe()
        spec = msgspec.structs.replace(self.spec, ready=write_end, beside=beside)
        try:
            process = await asyncio.create_subprocess_exec(
                *child_command(spec.role),
                stdin=asyncio.subprocess.PIPE,
                pass_fds=(write_end, *spec.sockets.values()),
                start_new_session=True,
            )
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        _set_when_ready(read_end, ready)
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(msgspec.json.encode(spec))
                process.stdin.close()
        if self._stopping:
            process.terminate()
        return process


def _set_when_ready(read_end: int, ready: asyncio.Event) -> None:
    """Set ``ready`` when the child writes to the pipe; not when it ends before, which only closes it."""
    loop = asyncio.get_running_loop()

    def on_readable() -> None:
        loop.remove_reader(read_end)
        if os.read(read_end, 1):
            ready.set()
        os.close(read_end)

    loop.add_reader(read_end, on_readable)


async def _is_ready_in_time(ready: asyncio.Event, process: Process, grace: float) -> bool:
    """Whether the process is ready before it ends, and in time."""
    ending, becoming_ready = asyncio.create_task(process.wait()), asyncio.create_task(ready.wait())
    try:
        await asyncio.wait([ending, becoming_ready], timeout=grace, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.cancel()
        becoming_ready.cancel()
    return ready.is_set() and process.returncode is None
