"""How a generator of load works through what it has made beforehand: closed loop, or open loop at a fixed rate.

A row is [recipient, scheduled, sent, answered, ok], times in nanoseconds of the machine's monotonic clock, which all
processes here share. In an open loop a request that finds every connection busy is late, and being late counts: its
time runs from when it was due. All that a request needs is made before the first one leaves.

Known sharp edge: the loop's timer counts whole milliseconds, so up to one of them is in every time *from when it was due*.
"""

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

Row = list[Any]


class Line(Protocol):
    """One connection that carries one thing at a time."""

    async def carry(self, thing: bytes, recipient: str) -> bool:
        """Whether it was taken."""
        ...


async def offer(lines: Iterable[Line], things: list[tuple[str, bytes]], rate: float) -> list[Row]:
    """Carry all of them; ``rate`` 0: as fast as they are answered."""
    work = deque(enumerate(things))
    rows: list[Row] = []
    begin = time.monotonic_ns()

    async def one(line: Line) -> None:
        while work:
            number, (recipient, thing) = work.popleft()
            due = begin + int(number / rate * 1e9) if rate else time.monotonic_ns()
            if (wait := due - time.monotonic_ns()) > 0:
                await asyncio.sleep(wait / 1e9)
            sent = time.monotonic_ns()
            ok = await line.carry(thing, recipient)
            rows.append([recipient, min(due, sent), sent, time.monotonic_ns(), ok])

    await asyncio.gather(*(one(line) for line in lines))
    return rows


def options() -> argparse.ArgumentParser:
    """What every generator of this folder is told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--run", required=True, help="the first letters of every recipient")
    parser.add_argument("--out", type=Path, required=True)
    return parser


def write(rows: list[Row], out: Path) -> None:
    """One JSON line for each row."""
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
