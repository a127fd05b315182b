"""``python -m bench.tarpit``: one tenant has a domain's worth of mail queued that its server takes for ever over; what a reset of another waits.

By ``mx:`` with a name server of our own. ``tar.example`` accepts every connection and answers each line only after four
seconds, which no time-out cuts short; 50,000 mails to it are queued as password resets, so they are in the lane of the
others. Then another tenant sends resets to a server that is never the limit, ten a second, beside that and before it.
First request byte to the sink's 250.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench import letter, load, measure, program
from bench.feeder import BATCH
from bench.mailbox import Mailbox
from bench.measure import Figures
from bench.pace import Row
from bench.system import Load
from posthouse.testing.fake_dns import FakeDns, Zone
from tests.support import product
from tests.support.product import Product

SLOW = 4.0  # seconds a line
TAR = "tar.example"
ZONE: Zone = {
    "sink.example": {"MX": ["10 mx.sink.example."]}, "mx.sink.example": {"A": ["127.0.0.1"]},
    TAR: {"MX": [f"10 mx.{TAR}."]}, f"mx.{TAR}": {"A": ["127.0.0.2"]},
}  # fmt: skip


class Tarpit(asyncio.Protocol):
    """Answers everything, late."""

    held = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        Tarpit.held += 1
        self._later(b"220 tar ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        for line in data.split(b"\r\n")[:-1]:
            self._later(b"354 go\r\n" if line == b"DATA" else b"250 2.0.0 slowly\r\n")

    def connection_lost(self, _trouble: Exception | None) -> None:
        Tarpit.held -= 1

    def _later(self, answer: bytes) -> None:
        asyncio.get_running_loop().call_later(SLOW, self._transport.write, answer)


@contextlib.contextmanager
def around(port: int) -> Iterator[int]:
    """Name server and tarpit on a thread of their own; the name server's port."""
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    dns = FakeDns(ZONE, ttl=60, negative_ttl=1)

    async def begin() -> asyncio.Server:
        await dns.start()
        return await asyncio.get_running_loop().create_server(Tarpit, "127.0.0.2", port, backlog=1024)

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    try:
        yield dns.port
    finally:
        server.close()
        asyncio.run_coroutine_threadsafe(dns.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def queue_up(served: Product, count: int) -> None:
    """The first tenant's mails to the tarpit."""
    (connection,) = await load.connect(served.http[1], 1)
    for begin in range(0, count, BATCH):
        letters = [letter.letter(number, "tar") for number in range(begin, begin + BATCH)]
        bodies = [letter.fields(one, "password_reset") | {"to": f"u{begin + at}@{TAR}"} for at, one in enumerate(letters)]
        status = await connection.ask(
            load.request("/v1/send/batch", served.http[1], served.keys["liveKey"], json.dumps({"messages": bodies}).encode())
        )
        if status != 200:
            sys.exit(f"the batch was answered {status}: {connection.body[:300]!r}")


def sent(served: Product, key: str, run: str, count: int, folder: Path) -> list[Row]:
    """The other tenant's resets at an even pace."""
    out = folder / f"{run}.jsonl"
    command = [
        sys.executable, "-m", "bench.load", "--port", str(served.http[1]), "--key", key, "--count", str(count), "--connections", "8",
        "--rate", "10", "--run", run, "--out", str(out),
    ]  # fmt: skip
    return measure.offer((command, {}), Load(count, 10, run), out, 60)


def neighbour(env: dict[str, str]) -> str:
    """Another tenant's key."""
    ref = program.run([sys.executable, "-m", "bench.second_tenant"], 60, env=env).strip()
    product.command(env, "domain", "add", "shop.example", "--trust", "--tenant", ref)
    return str(json.loads(product.command(env, "key", "create", "--tenant", ref, "--json").stdout)["key"])


def main(depth: int, count: int, folder: Path) -> Figures:
    """Both figures and how far the one moved."""
    mailbox = Mailbox(folder)
    with around(mailbox.port) as dns:
        env = product.environment(
            folder, ROUTES="mx:", DNS=f"127.0.0.1:{dns}", MX_PORT=str(mailbox.port), ALLOW_PRIVATE_NETWORKS="on"
        )
        with product.running(env) as served:
            product.command(env, "domain", "add", "shop.example", "--trust")
            key = neighbour(env)
            sent(served, key, "warm", 20, folder)
            before = sent(served, key, "before", count, folder)
            asyncio.run(queue_up(served, depth))
            beside = sent(served, key, "beside", count, folder)
            held = Tarpit.held
            mailbox.wait(20 + 2 * count, 20)
    seen = mailbox.close()
    if missing := measure.lost(before + beside, seen):
        sys.exit(f"{missing} resets did not arrive")
    alone, crowded = (measure.whole_ms(rows, seen) for rows in (before, beside))
    return {
        **measure.quantiles("alone", alone), **measure.quantiles("beside", crowded),
        "moved": measure.percentile(crowded, 0.99) / measure.percentile(alone, 0.99), "held": float(held),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=50_000)
    parser.add_argument("--count", type=int, default=300)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="posthouse-tarpit-", dir="/var/tmp") as home:
        try:
            found = main(a.depth, a.count, Path(home))
        except subprocess.SubprocessError as error:
            sys.exit(str(getattr(error, "stderr", "") or error))
    print(f"{a.depth:,} mails queued to a tarpit that holds {found['held']:.0f} connections; {a.count} resets of another tenant")
    for name in ("alone", "beside"):
        print(f"{name:8} p50 {found[name + '_p50']:6.1f} ms   p99 {found[name + '_p99']:6.1f} ms")
    print(f"p99 moved by {found['moved']:.2f}")
