"""Child processes: started with what they inherit, watched, started again, ended in order.

A child is told who it is by its arguments and gets what is secret (the database's address, keys) over its
standard input, never over arguments or the environment. The kernel ends it when its parent dies.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

log = structlog.get_logger()

BACKOFF: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_AFTER: Final = 30.0


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told. ``sockets``: inherited listening sockets by name (http, smtp, smtps)."""

    role: str
    name: str
    dsn: str
    secret_keys: tuple[str, ...]
    sockets: dict[str, int]
    ready: int
    metrics: str
    public_url: str
    parent: int
    lanes: tuple[int, ...] = ()


class Child:
    """One process and its successors. ``ended`` is called after each death."""

    def __init__(self, brief: Brief, ended: Callable[["Child"], None]) -> None:
        """Not started yet; ``brief.ready`` is set anew for each start."""
        self.brief = brief
        self.ready = asyncio.Event()
        self._ended = ended
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = self._renewing = False
        self._deaths = 0

    @property
    def name(self) -> str:
        """For logs."""
        return self.brief.name

    async def keep(self) -> None:
        """Start, wait, and start again until stopped."""
        clock = asyncio.get_running_loop()
        while True:
            began = clock.time()
            code = await self._once()
            self.ready.clear()
            self._ended(self)
            if self._stopping:
                return
            if self._renewing:
                self._renewing = False
                continue
            self._deaths = 0 if clock.time() - began > STEADY_AFTER else self._deaths + 1
            log.error("process ended", process=self.name, code=code)
            await asyncio.sleep(BACKOFF[min(max(self._deaths - 1, 0), len(BACKOFF) - 1)])

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after ``grace`` seconds."""
        self._stopping = True
        await self._terminate(grace)

    async def renew(self, grace: float) -> bool:
        """End this process in order and start its successor, which reads everything anew; False where that is not ready in time."""
        self._renewing = True
        self.ready.clear()
        await self._terminate(grace)
        try:
            await asyncio.wait_for(self.ready.wait(), grace)
        except TimeoutError:
            return False
        return True

    async def _terminate(self, grace: float) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), grace)
        except TimeoutError:
            log.warning("process did not end in time", process=self.name)
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _once(self) -> int:
        read_end, write_end = os.pipe()
        brief = msgspec.structs.replace(self.brief, ready=write_end)
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "posthouse.app.child", brief.role,
                stdin=asyncio.subprocess.PIPE, pass_fds=(write_end, *brief.sockets.values()),
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(write_end)
        watcher = asyncio.create_task(self._await_ready(read_end))
        process = self._process
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(msgspec.json.encode(brief))
                process.stdin.close()
        if self._stopping:
            process.terminate()
        code = await process.wait()
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher
        return code

    async def _await_ready(self, read_end: int) -> None:
        loop = asyncio.get_running_loop()
        seen = asyncio.Event()
        loop.add_reader(read_end, seen.set)
        try:
            await seen.wait()
            if os.read(read_end, 1):
                self.ready.set()
        finally:
            loop.remove_reader(read_end)
            os.close(read_end)


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent dies (prctl(2) PR_SET_PDEATHSIG); end now if it is dead already."""
    import ctypes  # noqa: PLC0415 - only children need it

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)
