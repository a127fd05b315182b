"""Keeps a backlog: posts batches of 500 while fewer than ``--depth`` mails wait, until SIGTERM.

How many wait is what was accepted less what the sink has taken of recipients that begin with ``bulk``. It prints a line
when the depth is first reached, and at its end one JSON object: accepted, and the least depth after that.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from bench import letter, load
from bench.sink import COUNTS

BATCH = 500


class Feeder:
    """One tenant's backlog."""

    def __init__(self, arguments: argparse.Namespace, connection: load.Connection) -> None:
        self._a = arguments
        self._connection = connection
        self.accepted: int = arguments.begin
        self.least: int | None = None

    def _depth(self) -> int:
        taken: int = COUNTS.unpack(self._a.counts.read_bytes())[1]
        return self.accepted - taken

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop, or, with ``--once``, until it is deep enough."""
        while not stop.is_set():
            depth = self._depth()
            if self.least is not None:
                self.least = min(self.least, depth)
            if depth < self._a.depth + (2 * BATCH if self.least is not None else 0):
                await self._post()
            elif self.least is None:
                self.least = depth
                print("deep", flush=True)
                if self._a.once:
                    return
            else:
                await asyncio.sleep(0.01)

    async def _post(self) -> None:
        letters = [letter.letter(self.accepted + number, self._a.run, self._a.site) for number in range(BATCH)]
        body = json.dumps({"messages": [letter.fields(one, self._a.type) for one in letters]}).encode()
        status = await self._connection.ask(load.request("/v1/send/batch", self._a.port, self._a.key, body))
        if status != 200 or b'"error"' in self._connection.body:
            sys.exit(f"the batch was answered {status}: {self._connection.body[:300]!r}")
        self.accepted += BATCH


async def main() -> None:
    """Feed, then say what was fed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--depth", type=int, required=True)
    parser.add_argument("--begin", type=int, default=0, help="how many an earlier feeder got accepted")
    parser.add_argument("--counts", type=Path, required=True, help="the sink's shared numbers")
    parser.add_argument("--run", default="bulk")
    parser.add_argument("--type", default="newsletter")
    parser.add_argument("--site", default=letter.SITE, help="the domain that all go to")
    parser.add_argument("--once", action="store_true")
    a = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    feeder = Feeder(a, (await load.connect(a.port, 1))[0])
    await feeder.run(stop)
    print(json.dumps({"accepted": feeder.accepted, "least": feeder.least}), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
