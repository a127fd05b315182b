"""Show 4: does one dead and one slow endpoint delay twenty good ones? The whole product, with and without the bad, interleaved.

    python -m bench.webhooks [--seconds 10] [--rounds 5] [--rate 200]

``rate`` is events a second to the good endpoints together. Latency runs from the event's own time to its arrival. The dead
endpoint takes connections and says nothing; the slow one answers after three seconds. p99 of each run, and the medians of both
kinds.
"""

import argparse
import asyncio
import json
import math
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.product import Product, environment, running

GOOD = 20
SLOW_SECONDS = 3.0
EVENTS_A_MESSAGE = 2
DRAIN = 15.0


@dataclass
class Receiver:
    """An endpoint. ``arrivals``: event id and milliseconds since its time."""

    behave: str
    port: int = 0
    arrivals: list[tuple[str, float]] = field(default_factory=list)

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = int(head.partition("content-length:")[2].partition("\r\n")[0])
                body = await reader.readexactly(length)
                now = time.time()
                event = json.loads(body)
                if event["type"].startswith("message."):
                    self.arrivals.append((event["id"], (now - datetime.fromisoformat(event["timestamp"]).timestamp()) * 1000))
                if self.behave == "dead":
                    await asyncio.sleep(3600)
                if self.behave == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()


def p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, math.ceil(len(values) * 0.99) - 1)] if values else math.nan


async def one_run(product: Product, receivers: list[Receiver], rate: float, seconds: float) -> dict[str, Any]:
    """Messages at an even pace; what the good endpoints saw of them."""
    goods = [each for each in receivers if each.behave == "good"]
    before = [len(each.arrivals) for each in goods]
    apart = GOOD * EVENTS_A_MESSAGE / rate
    count = int(seconds / apart)
    begin = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, begin + number * apart - time.monotonic()))
        fields = {"to": f"user{number}@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello"}
        await asyncio.to_thread(product.send, None, **fields)
    wanted, until = count * EVENTS_A_MESSAGE, time.monotonic() + DRAIN
    while time.monotonic() < until and any(len(g.arrivals) - b < wanted for g, b in zip(goods, before, strict=True)):  # noqa: ASYNC110 - receivers tell nobody
        await asyncio.sleep(0.05)
    seen = [[ms for _, ms in g.arrivals[b:]] for g, b in zip(goods, before, strict=True)]
    every = [ms for each in seen for ms in each]
    return {"events": len(every), "missing": wanted * GOOD - len(every), "p50": statistics.median(every), "p99": p99(every)}


def switch(product: Product, ids: list[str], *, on: bool) -> None:
    for each in ids:
        status, answer = product.ask("PATCH", f"/v1/webhooks/{each}", {"enabled": on})
        assert status == 200, answer


async def measure(product: Product, seconds: float, rounds: int, rate: float) -> dict[str, Any]:
    """Runs without and with the bad ones, turn by turn."""
    receivers = [Receiver("dead"), Receiver("slow"), *(Receiver("good") for _ in range(GOOD))]
    servers = [await each.serve() for each in receivers]
    ids = []
    for each in receivers:
        status, answer = await asyncio.to_thread(product.ask, "POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{each.port}/"})
        assert status == 201, answer
        ids.append(answer["id"])
    runs: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
    switch(product, ids[:2], on=False)
    await one_run(product, receivers, rate, 3)
    for number in range(rounds * 2):
        bad = number % 4 in {1, 2}  # without, with, with, without …
        switch(product, ids[:2], on=bad)
        found = await one_run(product, receivers, rate, seconds)
        runs["with" if bad else "without"].append(found)
        print("with   " if bad else "without", {name: round(value, 1) for name, value in found.items()}, flush=True)
    for server in servers:
        server.close()
    without, bad_too = (statistics.median(run["p99"] for run in runs[kind]) for kind in ("without", "with"))
    allowed = max(1.25 * without, without + 10)
    return {"p99Without": without, "p99With": bad_too, "allowed": allowed, "held": bad_too <= allowed, "runs": runs}


def main() -> None:
    """Run it and print one line of JSON at the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(Path(folder) / "var", ALLOW_PRIVATE_NETWORKS="on", WORKERS="1")
        with running(env) as product:
            print(json.dumps(asyncio.run(measure(product, asked.seconds, asked.rounds, asked.rate))))


if __name__ == "__main__":
    main()
