"""A scripted mail server that injects faults, with a ledger that is written before it replies.

In a test: ``async with FakeMx() as mx``, then ``mx.port`` and ``mx.ledger``. As a process of its own, for tests that
kill: ``python -m posthouse.testing.fake_mx --port 0 --ledger FILE --json``; the ledger is then one JSON object a line,
``{"sender", "recipient", "data", "tls", "at"}``, its texts being bytes read as Latin-1. Faults are asked for by
the recipient (``posthouse.testing.faults``), or for the whole server by ``Behaviour``.

Known sharp edges: it checks nothing, has no time-out of its own, and keeps every message in memory.
"""

import argparse
import asyncio
import signal
import ssl
import sys
from pathlib import Path
from typing import Final, Self

import msgspec

from posthouse.net.clock import SystemClock
from posthouse.testing.fake_mx_session import FakeMxSession
from posthouse.testing.fake_mx_state import Behaviour, FakeMxState, ReceivedMail

__all__ = ["Behaviour", "FakeMx", "ReceivedMail"]

_BACKLOG: Final = 1024


class FakeMx:
    """The server. ``counts``: connections, turned_away, max_open, messages, stray_cr_or_lf, nul, quits.

    ``ledger``: the mail it received; ``commands``: every command line, with whether it came encrypted.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        context: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        ledger: Path | None = None,
        clock: SystemClock | None = None,
    ) -> None:
        """``context`` is for STARTTLS or implicit TLS; ``clock`` for greylisting; ``ledger``: also write it there."""
        self._state = FakeMxState(behaviour or Behaviour(), context, clock or SystemClock(), ledger)
        self._implicit = implicit_tls
        self._server: asyncio.Server | None = None
        self.ledger = self._state.ledger
        self.counts = self._state.counts
        self.commands = self._state.commands
        self.port = 0

    @property
    def behaviour(self) -> Behaviour:
        """How it behaves; may be changed while it runs, for later sessions."""
        return self._state.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        """For later sessions."""
        self._state.behaviour = behaviour

    async def wait_for(self, count: int = 1) -> None:
        """Until the ledger has ``count`` entries."""
        while len(self.ledger) < count:
            self._state.arrived.clear()
            await self._state.arrived.wait()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; ``self.port`` says where."""
        context = self._state.context if self._implicit else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: FakeMxSession(self._state), host, port, ssl=context, backlog=_BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything, whoever is still connected."""
        if self._server is not None:
            self._server.close()
        sessions = tuple(self._state.open)
        for session in sessions:
            session.cut()
        await asyncio.gather(*(session.closed for session in sessions))
        self._state.close()

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()


async def _serve(arguments: argparse.Namespace) -> None:
    behaviour = Behaviour(
        greet=arguments.greet, pipelining=not arguments.no_pipelining, max_connections=arguments.max_connections
    )
    mx = FakeMx(behaviour, ledger=arguments.ledger)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await mx.start(arguments.host, arguments.port)
    address = {"host": arguments.host, "port": mx.port}
    line = msgspec.json.encode(address).decode() if arguments.json else f"listening on {arguments.host}:{mx.port}"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    await stopped.wait()
    await mx.stop()


def main() -> None:
    """Serve until SIGTERM; one line on standard output says where."""
    import uvloop  # noqa: PLC0415 - only the process of its own decides about its loop

    parser = argparse.ArgumentParser(prog="fake_mx", description="A scripted mail server that injects faults.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path)
    parser.add_argument("--greet", default="220")
    parser.add_argument("--max-connections", type=int, default=0)
    parser.add_argument("--no-pipelining", action="store_true")
    parser.add_argument("--json", action="store_true")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
