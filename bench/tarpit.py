"""``python -m bench.tarpit``: one tenant has a domain's worth of mail queued that its server takes for ever over; what a reset of
another waits.

By ``mx:`` with a name server of our own. ``tar.example`` accepts every connection and answers each line only after four
seconds, which no time-out cuts short; 50,000 mails to it are queued as password resets, so they are in the lane of the
others. Then another tenant sends resets to a server that is never the limit, ten a second, beside that and before it.
First request byte to the sink's 250.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench import letter, measure
from bench.backlog import Backlog, resets
from bench.mailbox import Mailbox
from bench.measure import Figures
from bench.pace import Row
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.system import Load
from posthouse.testing.fake_dns import FakeDns, Zone

SLOW = 4.0  # seconds a line
TAR = "tar.example"
ZONE: Zone = {
    letter.SITE: {"MX": [f"10 mx.{letter.SITE}."]},
    f"mx.{letter.SITE}": {"A": ["127.0.0.1"]},
    TAR: {"MX": [f"10 mx.{TAR}."]},
    f"mx.{TAR}": {"A": ["127.0.0.2"]},
}


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


def main(depth: int, count: int, folder: Path) -> Figures:
    """Both figures and how far the one moved. Errors: Unavailable."""
    mailbox, system = Mailbox(folder), Posthouse()

    def sent(count: int, run: str) -> list[Row]:
        return resets(system, Load(count, 10, run), folder, system.second_key, 60)

    with around(mailbox.port) as dns:
        port = str(mailbox.port)
        system.start(
            folder, mailbox.port, second=True, ROUTES="mx:", DNS=f"127.0.0.1:{dns}", MX_PORT=port, ALLOW_PRIVATE_NETWORKS="on"
        )
        try:
            sent(20, "warm")
            before = sent(count, "before")
            Backlog(system, mailbox, "password_reset", TAR).fill(depth)
            beside = sent(count, "beside")
            held = Tarpit.held
            mailbox.wait(20 + 2 * count, 20)
        finally:
            system.stop()
    seen = mailbox.close()
    if missing := measure.lost(before + beside, seen):
        raise Unavailable(f"{missing} resets did not arrive")
    alone, crowded = (measure.whole_ms(rows, seen) for rows in (before, beside))
    return {
        **measure.quantiles("alone", alone),
        **measure.quantiles("beside", crowded),
        "moved": measure.percentile(crowded, 0.99) / measure.percentile(alone, 0.99),
        "held": float(held),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=50_000)
    parser.add_argument("--count", type=int, default=300)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="posthouse-tarpit-", dir="/var/tmp") as home:
        try:
            found = main(a.depth, a.count, Path(home))
        except Unavailable as why:
            sys.exit(str(why))
    print(f"{a.depth:,} mails queued to a tarpit that holds {found['held']:.0f} connections; {a.count} resets of another tenant")
    for name in ("alone", "beside"):
        print(f"{name:8} p50 {found[name + '_p50']:6.1f} ms   p99 {found[name + '_p99']:6.1f} ms")
    print(f"p99 moved by {found['moved']:.2f}")
