"""The world around the product: scripted mail servers and a name server, on a thread of their own.

Each mail server has an address of its own on loopback and all share one port, because a product knows one
``POSTHOUSE_MX_PORT``; each stands for the domain it was opened for.
"""

import asyncio
import contextlib
import itertools
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import uvloop

from posthouse.testing.fake_dns import FakeDns, Zone
from posthouse.testing.fake_mx import Behaviour, FakeMx, ReceivedMail

T = TypeVar("T")
PATIENCE = 20.0


class _Names(dict[str, dict[str, list[str]]]):
    """A zone in which every name below ``any.test`` has mail, at the host of x.test."""

    def get(self, name: str, default: Any = None) -> Any:
        return {"MX": ["10 mx.x.test."]} if name.endswith(".any.test") else super().get(name, default)


class Peers:
    """``zone`` may be changed while it runs; ``port`` is that of every mail server."""

    def __init__(self) -> None:
        self.zone: Zone = _Names()
        self.dns = FakeDns(self.zone, ttl=1, negative_ttl=1)
        self.port = 0
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="peers", daemon=True)
        self._hosts = (f"127.0.0.{number}" for number in itertools.count(1))
        self._servers: list[FakeMx] = []

    def start(self) -> None:
        self._thread.start()
        self._run(self.dns.start())

    def open(self, domain: str, behaviour: Behaviour | None = None, context: ssl.SSLContext | None = None) -> FakeMx:
        """A mail server that is the only one of ``domain``."""
        address = next(self._hosts)
        server = FakeMx(behaviour, context=context)
        self._run(server.start(address, self.port))
        self.port = server.port
        self._servers.append(server)
        self.zone[domain] = {"MX": [f"10 mx.{domain}."]}
        self.zone[f"mx.{domain}"] = {"A": [address]}
        return server

    def everything(self) -> list[ReceivedMail]:
        """What all mail servers took."""
        return [entry for server in self._servers for entry in tuple(server.ledger)]

    def stop(self) -> None:
        for server in self._servers:
            self._run(server.stop())
        self._run(self.dns.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


@contextlib.contextmanager
def peers() -> Iterator[Peers]:
    """A world that is gone afterwards."""
    around = Peers()
    around.start()
    try:
        yield around
    finally:
        around.stop()


def taken(server: FakeMx, recipient: str) -> list[ReceivedMail]:
    """What a mail server took for this recipient."""
    return [entry for entry in tuple(server.ledger) if entry.recipient == recipient.encode()]


def arrived(server: FakeMx, recipient: str) -> ReceivedMail:
    """The one mail for this recipient, once it is there."""
    until_true(lambda: bool(taken(server, recipient)), f"nothing arrived for {recipient}")
    [entry] = taken(server, recipient)
    return entry


def until_true(holds: Callable[[], bool], otherwise: str, seconds: float = PATIENCE) -> None:
    """Wait until it holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, otherwise
        time.sleep(0.02)
