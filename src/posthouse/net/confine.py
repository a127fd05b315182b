"""Work on what strangers wrote is done by confined children: bounded in time, memory and reach, one batch a round trip.

A child is a *stem* that has loaded what it needs and forks a *hand* that works; a hand that goes too far is ended by
the kernel, its stem says so and forks the next one in milliseconds, and only the job at fault is lost: the rest of the
batch is done by the next hand. What a child may do is set by the child itself (``app.runtime.confined``); here is how it is
talked to, and the wall-clock bound, which only an onlooker can keep.

On the wire, both ways, frames of four octets of length and so many octets. To the child one frame a batch: a list of
payloads. From it one frame an answer, in order: ``0`` done and the result, ``1`` refused and a sentence, ``2`` the hand died and why.

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

log = structlog.get_logger()

WALL_SECONDS: Final = 1.0
START_SECONDS: Final = 20.0
MOST_ANSWER: Final = 16 << 20
_LENGTH: Final = 4
_DONE: Final = 0
_REFUSED: Final = 1
_DIED: Final = 2
_ENCODE: Final = msgspec.msgpack.Encoder()


class Stopped(msgspec.Struct, frozen=True):
    """A job that was not done: what it did, in a sentence that may be shown to whoever wrote it."""

    why: str


class _Lost(Exception):
    """The child cannot be talked to any more."""


class _Stem:
    """One child process and the pipes to it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, payloads: Sequence[bytes], wall: float) -> list[bytes | Stopped]:
        """Answers for as many payloads as one hand got through, at least one. Errors: _Lost."""
        assert self._process.stdin is not None  # noqa: S101 - made with a pipe
        self._process.stdin.write(_framed(_ENCODE.encode(list(payloads))))
        answers: list[bytes | Stopped] = []
        while len(answers) < len(payloads):
            try:
                async with asyncio.timeout(wall):
                    word, body = await self._answer()
            except TimeoutError:
                raise _Lost(f"takes more than {wall:g} s") from None
            if word == _DONE:
                answers.append(body)
            else:
                answers.append(Stopped(body.decode("utf-8", "replace")))
                if word == _DIED:
                    break
        return answers

    async def ready(self) -> None:
        """Wait until it has loaded what it needs. Errors: _Lost."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._answer()
        except TimeoutError:
            raise _Lost("does not start") from None

    async def end(self) -> None:
        """The stem and its hand, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.communicate()  # what is left in the pipes is read, or they would never close

    async def _answer(self) -> tuple[int, bytes]:
        assert self._process.stdout is not None  # noqa: S101 - made with a pipe
        try:
            length = int.from_bytes(await self._process.stdout.readexactly(_LENGTH), "big")
            if not 1 <= length <= MOST_ANSWER:
                raise _Lost("makes too much")
            frame = await self._process.stdout.readexactly(length)
        except asyncio.IncompleteReadError:
            raise _Lost("ended unexpectedly") from None
        return frame[0], frame[1:]


class Confined:
    """A pool of children that all do the same kind of work: the command in ``argv``."""

    def __init__(self, argv: Sequence[str], *, size: int = 1, wall: float = WALL_SECONDS) -> None:
        """Nothing is started yet; ``wall`` in seconds bounds each job."""
        self._argv = tuple(argv)
        self._wall = wall
        self._turns = asyncio.Semaphore(size)
        self._idle: list[_Stem] = []
        self._all: set[_Stem] = set()

    async def run(self, payloads: Sequence[bytes]) -> list[bytes | Stopped]:
        """An answer per payload, in order."""
        answers: list[bytes | Stopped] = []
        async with self._turns:
            while len(answers) < len(payloads):
                stem = self._idle.pop() if self._idle else await self._started()
                rest = payloads[len(answers) :]
                try:
                    answers += await stem.do(rest, self._wall)
                except _Lost as lost:
                    # Which job it was is known only for a batch of one: the others get a hand of their own.
                    await self._drop(stem)
                    answers += [Stopped(str(lost))] if len(rest) == 1 else await self._one_by_one(rest)
                except BaseException:
                    await self._drop(stem)  # cancelled in the middle of a batch: what is left in the pipe is nobody's
                    raise
                else:
                    self._idle.append(stem)
        return answers

    async def close(self) -> None:
        """End all children."""
        for stem in list(self._all):
            await self._drop(stem)
        self._idle.clear()

    async def _one_by_one(self, payloads: Sequence[bytes]) -> list[bytes | Stopped]:
        answers: list[bytes | Stopped] = []
        for payload in payloads:
            stem = self._idle.pop() if self._idle else await self._started()
            try:
                answers += await stem.do([payload], self._wall)
            except _Lost as lost:
                await self._drop(stem)
                answers.append(Stopped(str(lost)))
            else:
                self._idle.append(stem)
        return answers

    async def _started(self) -> _Stem:
        process = await asyncio.create_subprocess_exec(
            *self._argv, str(os.getpid()), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            start_new_session=True, env={},
        )  # fmt: skip
        stem = _Stem(process)
        self._all.add(stem)
        try:
            await stem.ready()
        except BaseException:
            await self._drop(stem)
            raise
        return stem

    async def _drop(self, stem: _Stem) -> None:
        self._all.discard(stem)
        await stem.end()


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(_LENGTH, "big") + body
