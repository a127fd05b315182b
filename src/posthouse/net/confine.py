"""Work on what strangers wrote is done by confined child processes: bounded in time, memory and reach, one batch a round trip.

A child is a *fork server* that has loaded what it needs and forks a *worker*. A worker that exceeds its bounds is killed by the
kernel; its fork server reports that and forks the next one in milliseconds, and only the job at fault is lost: the next worker
does the rest of the batch. The command that starts a child is an argument, and the child sets its own bounds. Here is the
protocol with it, and the wall-clock bound, which only the parent can keep.

On the pipes, both ways, frames of four octets of length and so many octets. To the child one frame a batch: a list of payloads.
From it one frame an answer, in order: ``0`` done and the result, ``1`` refused and a sentence, ``2`` the worker was stopped
because the job took too long, ``3`` the worker died; both with a sentence. A job on which a worker died that had done others
before is given to a fresh one once more: the memory may have been theirs.

Must never know: what the work is, nor what it is for.

Known sharp edges: a child is started when first needed, which takes a few tenths of a second. A batch waits for its turn: a
pool of n children works on n batches at once.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from posthouse.telemetry import metrics

log = structlog.get_logger()

WALL_SECONDS: Final = 1.0
START_SECONDS: Final = 20.0
MAX_ANSWER: Final = 16 << 20
_LENGTH: Final = 4
_DONE: Final = 0
_REFUSED: Final = 1
_STOPPED: Final = 2
_DIED: Final = 3
_ENCODE: Final = msgspec.msgpack.Encoder()


class StoppedJob(msgspec.Struct, frozen=True):
    """A job that was not done. ``why``: a sentence that may be shown to whoever wrote the input."""

    why: str


class _ChildLost(Exception):
    """The child cannot be used any more; the text says why."""


class _ForkServer:
    """One child process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._is_worker_warm = False  # it has done jobs, and may be full of what they left

    async def run(self, payloads: Sequence[bytes], wall: float) -> tuple[list[bytes | StoppedJob], bool]:
        """Answers for as many payloads as one worker got through, and whether a worker died on the last.

        A job on which a warm worker died is not answered: a fresh one may be able to do it. Errors: _ChildLost.
        """
        assert self._process.stdin is not None  # noqa: S101 - made with a pipe
        self._process.stdin.write(_frame(_ENCODE.encode(list(payloads))))
        answers: list[bytes | StoppedJob] = []
        while len(answers) < len(payloads):
            try:
                async with asyncio.timeout(wall):
                    status, body = await self._read_answer()
            except TimeoutError:
                raise _ChildLost(f"takes more than {wall:g} s") from None
            if status in (_STOPPED, _DIED):
                was_warm, self._is_worker_warm = self._is_worker_warm, False
                if status == _STOPPED or not was_warm:
                    answers.append(StoppedJob(body.decode("utf-8", "replace")))
                return answers, status == _DIED
            answers.append(body if status == _DONE else StoppedJob(body.decode("utf-8", "replace")))
            self._is_worker_warm = True
        return answers, False

    async def wait_until_ready(self) -> None:
        """Wait until it has loaded what it needs. Errors: _ChildLost."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._read_answer()
        except TimeoutError:
            raise _ChildLost("does not start") from None

    async def kill(self) -> None:
        """Kill the child and its worker, which share a process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.communicate()  # reads what is left in the pipes, or they would never close

    async def _read_answer(self) -> tuple[int, bytes]:
        assert self._process.stdout is not None  # noqa: S101 - made with a pipe
        try:
            length = int.from_bytes(await self._process.stdout.readexactly(_LENGTH), "big")
            if not 1 <= length <= MAX_ANSWER:
                raise _ChildLost("makes too much")
            frame = await self._process.stdout.readexactly(length)
        except asyncio.IncompleteReadError:
            raise _ChildLost("ended unexpectedly") from None
        return frame[0], frame[1:]


class ConfinedPool:
    """A pool of children that all do the same kind of work: the command in ``argv``."""

    def __init__(self, argv: Sequence[str], *, work: str, size: int = 1, wall: float = WALL_SECONDS) -> None:
        """``work``: its name in logs and metrics. ``wall``: seconds for each job; ``size``: children that work at once.

        None is started yet.
        """
        self._argv = tuple(argv)
        self._work = work
        self._wall = wall
        self._turns = asyncio.Semaphore(size)
        self._idle: list[_ForkServer] = []
        self._all: set[_ForkServer] = set()

    async def run(self, payloads: Sequence[bytes]) -> list[bytes | StoppedJob]:
        """An answer per payload, in order."""
        answers: list[bytes | StoppedJob] = []
        async with self._turns:
            while len(answers) < len(payloads):
                rest = payloads[len(answers) :]
                try:
                    answers += await self._run_on_child(rest)
                except _ChildLost as lost:
                    # Which job it was is known only for a batch of one, so each of the others gets a worker of its own.
                    answers += [StoppedJob(str(lost))] if len(rest) == 1 else await self._one_by_one(rest)
        return answers

    async def close(self) -> None:
        """End all children."""
        for child in list(self._all):
            await self._drop(child)
        self._idle.clear()

    async def _one_by_one(self, payloads: Sequence[bytes]) -> list[bytes | StoppedJob]:
        answers: list[bytes | StoppedJob] = []
        while len(answers) < len(payloads):
            try:
                answers += await self._run_on_child([payloads[len(answers)]])
            except _ChildLost as lost:
                answers.append(StoppedJob(str(lost)))
        return answers

    async def _run_on_child(self, payloads: Sequence[bytes]) -> list[bytes | StoppedJob]:
        """Answers for some of them, from the first on; none where a warm worker died on the first. Errors: _ChildLost."""
        child = self._idle.pop() if self._idle else await self._start()
        try:
            answers, has_died = await child.run(payloads, self._wall)
        except BaseException as error:
            # Lost, or cancelled in the middle of a batch: the answers left in the pipe belong to no later batch.
            await self._drop(child)
            if isinstance(error, _ChildLost):
                self._note_exit("lost", str(error))
            raise
        self._idle.append(child)
        if has_died:
            self._note_exit("died", answers[-1].why if answers and isinstance(answers[-1], StoppedJob) else "tried once more")
        return answers

    def _note_exit(self, reason: str, why: str) -> None:
        metrics.CONFINED_EXITS.labels(self._work, reason).inc()
        log.warning("confined worker ended", work=self._work, why=why)

    async def _start(self) -> _ForkServer:
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            env={},
        )
        child = _ForkServer(process)
        self._all.add(child)
        try:
            await child.wait_until_ready()
        except BaseException:
            await self._drop(child)
            raise
        return child

    async def _drop(self, child: _ForkServer) -> None:
        self._all.discard(child)
        await child.kill()


def _frame(body: bytes) -> bytes:
    return len(body).to_bytes(_LENGTH, "big") + body
