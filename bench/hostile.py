"""``python -m bench.hostile``: what sends by template wait while somebody hands in hostile templates, as many as are answered.

Four connections save, lint and preview templates that loop, multiply, backtrack or never end (those of ``tests/attacks``), which confined
children stop; beside them a tenant's own template is sent at an even pace. Without, with, without again; p50 and p99 from the first byte to
the 202, and what the hostile ones were answered. The acceptance's own time is what is looked at: the sandbox inbox takes the mails.
"""

import asyncio
import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from pathlib import Path
from typing import Any

from tests.attacks.test_templates import BOMBS
from tests.support.product import Product, environment, running

RATE, SECONDS, ATTACKERS = 50, 8, 4
OWN = {
    "name": "own", "type": "receipt", "subject": "Receipt {{ number }}", "html": "<p>Hello {{ name }}, your receipt {{ number }}.</p>", "locale": "en",
    "variables": [{"name": "number", "type": "string", "required": True}, {"name": "name", "type": "string", "required": True}],
}  # fmt: skip


class Line:
    """A connection to the HTTP door."""

    def __init__(self, product: Product) -> None:
        self._where = product.http
        self._head = (
            f"Authorization: Bearer {product.keys['liveKey']}\r\nHost: {product.http[0]}\r\nContent-Type: application/json\r\n"
        )
        self._wires: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Any) -> tuple[int, float]:
        """Status and milliseconds."""
        if self._wires is None:
            self._wires = await asyncio.open_connection(*self._where)
        reader, writer = self._wires
        data = json.dumps(body).encode()
        begun = time.perf_counter()
        writer.write(f"POST {path} HTTP/1.1\r\n{self._head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        spent = (time.perf_counter() - begun) * 1000
        await reader.readexactly(int(head.partition("content-length:")[2].partition("\r\n")[0]))
        return int(head.split()[1]), spent


async def sends(product: Product, run: str) -> list[float]:
    """At an even pace, each when it is due; milliseconds."""
    lines = [Line(product) for _ in range(8)]
    free: asyncio.Queue[Line] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    taken: list[float] = []

    async def one(number: int) -> None:
        due = time.perf_counter()
        line = await free.get()
        body = {
            "to": f"u{number}@x.example",
            "template": "own",
            "variables": {"number": f"{run}{number}", "name": f"User {number}"},
        }
        status, _ = await line.post("/v1/send", body)
        assert status == 202, status
        taken.append((time.perf_counter() - due) * 1000)
        free.put_nowait(line)

    work = []
    for number in range(RATE * SECONDS):
        work.append(asyncio.create_task(one(number)))
        await asyncio.sleep(1 / RATE)
    await asyncio.gather(*work)
    return taken[RATE:]  # the first second is warm-up


async def attack(product: Product, said: Counter[int], first: int) -> None:
    """One hostile template after another."""
    line, number = Line(product), first
    while True:
        bomb = BOMBS[number % len(BOMBS)]
        status, _ = await line.post("/v1/templates", {"name": f"bomb-{number}", "subject": "s", "html": bomb})
        said[status] += 1
        number += ATTACKERS


@contextmanager
def attacked(product: Product) -> Iterator[Counter[int]]:
    """Attackers in a process of their own, or making their requests would be measured too; what they were answered is there at the end."""
    said: Counter[int] = Counter()
    ours, theirs = Pipe()

    def attackers() -> None:
        answered: Counter[int] = Counter()

        async def until_told() -> None:
            work = [asyncio.create_task(attack(product, answered, first)) for first in range(ATTACKERS)]
            await asyncio.to_thread(theirs.recv)
            for each in work:
                each.cancel()
            await asyncio.gather(*work, return_exceptions=True)

        asyncio.run(until_told())
        theirs.send(answered)

    process = get_context("fork").Process(target=attackers)
    process.start()
    try:
        yield said
    finally:
        ours.send(None)
        said.update(ours.recv())
        process.join()


def show(name: str, taken: list[float]) -> float:
    """Print p50 and p99; the latter."""
    ordered = sorted(taken)
    worst = ordered[math.ceil(len(ordered) * 0.99) - 1]
    print(f"{name:28} p50 {ordered[len(ordered) // 2]:6.1f} ms   p99 {worst:6.1f} ms   ({len(ordered)} sends)")
    return worst


def main(product: Product) -> None:
    """Three runs."""
    assert asyncio.run(Line(product).post("/v1/templates", OWN))[0] == 201
    before = show("alone", asyncio.run(sends(product, "a")))
    with attacked(product) as said:
        beside = show("beside hostile templates", asyncio.run(sends(product, "b")))
    after = show("alone again", asyncio.run(sends(product, "c")))
    print(f"hostile templates answered: {dict(said)}; p99 moved by {beside / max(before, after):.1f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="posthouse-hostile-") as folder, running(environment(Path(folder))) as served:
        main(served)
