"""``python -m bench.hostile``: what sends by template wait while somebody hands in hostile templates, as many as are answered.

Four connections save, lint and preview templates that loop, multiply, backtrack or never end (those of ``tests/attacks``), which
confined children stop; beside them a tenant's own template is sent at an even pace. Without, with, without again; p50 and p99
from the first byte to the 202, and what the hostile ones were answered. The acceptance's own time is what is looked at: the
sandbox inbox takes the mails.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe, get_context
from pathlib import Path
from typing import Any

from bench import letter, load, measure, pace
from tests.attacks.test_templates import BOMBS
from tests.support.product import Product, environment, running

RATE, SECONDS, CONNECTIONS, ATTACKERS = 50, 8, 8, 4
OWN = {
    "name": "own", "type": "receipt", "subject": "Receipt {{ number }}", "html": "<p>Hello {{ name }}, your receipt {{ number }}.</p>", "locale": "en",
    "variables": [{"name": "number", "type": "string", "required": True}, {"name": "name", "type": "string", "required": True}],
}  # fmt: skip


async def sends(product: Product, run: str) -> list[float]:
    """At an even pace, each when it is due; milliseconds."""
    lines = await load.connect(product.http[1], CONNECTIONS)
    rows = await pace.offer(lines, [receipt(product, f"{run}{number}") for number in range(RATE * SECONDS)], RATE)
    assert all(row[4] for row in rows), "a send was refused"
    return measure.accept_ms(rows[RATE:], due=True)  # the first second is warm-up


def receipt(product: Product, number: str) -> tuple[str, bytes]:
    """One send by the tenant's own template, and whom it is to."""
    recipient = f"u{number}@{letter.SITE}"
    return recipient, asked(
        product, "/v1/send", {"to": recipient, "template": "own", "variables": {"number": number, "name": f"User {number}"}}
    )


def asked(product: Product, path: str, body: Any) -> bytes:
    """A request of the tenant's."""
    return load.request(path, product.http[1], product.keys["liveKey"], json.dumps(body).encode())


async def attack(product: Product, said: Counter[int], first: int) -> None:
    """One hostile template after another."""
    (line,) = await load.connect(product.http[1], 1)
    number = first
    while True:
        bomb = BOMBS[number % len(BOMBS)]
        said[await line.ask(asked(product, "/v1/templates", {"name": f"bomb-{number}", "subject": "s", "html": bomb}))] += 1
        number += ATTACKERS


@contextmanager
def attacked(product: Product) -> Iterator[Counter[int]]:
    """Attackers in a process of their own, or making their requests would be measured too; what they were answered is there at
    the end.
    """
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
    worst = measure.percentile(taken, 0.99)
    print(f"{name:28} p50 {measure.percentile(taken, 0.5):6.1f} ms   p99 {worst:6.1f} ms   ({len(taken)} sends)")
    return worst


def main(product: Product) -> None:
    """Three runs."""
    status, answer = product.ask("POST", "/v1/templates", OWN)
    assert status == 201, answer
    before = show("alone", asyncio.run(sends(product, "a")))
    with attacked(product) as said:
        beside = show("beside hostile templates", asyncio.run(sends(product, "b")))
    after = show("alone again", asyncio.run(sends(product, "c")))
    print(f"hostile templates answered: {dict(said)}; p99 moved by {beside / max(before, after):.1f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="posthouse-hostile-") as folder, running(environment(Path(folder))) as served:
        main(served)
