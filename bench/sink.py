"""A sink that is never the limit: takes SMTP with PIPELINING, notes when it answered each final dot, drops the mail.

``python -m bench.sink --out FILE`` prints its port. While it runs, ``FILE.count`` holds two little-endian 64-bit
numbers, shared by mapping: mails taken, and those of them whose recipient begins with ``bulk``. On SIGTERM it writes one
JSON line per mail to FILE: recipient and the monotonic nanosecond of its 250.

Known sharp edges: it offers neither SIZE nor CHUNKING, so nobody spends time on them; it never refuses.
"""

import argparse
import asyncio
import json
import mmap
import signal
import socket
import struct
import sys
import time
from pathlib import Path

import uvloop

HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
BULK = b"bulk"
COUNTS = struct.Struct("<QQ")


class Counter:
    """What was taken, and where others may read how much."""

    def __init__(self, shared: mmap.mmap) -> None:
        self._shared = shared
        self.seen: list[tuple[bytes, int]] = []
        self._bulk = 0

    def take(self, recipients: list[bytes]) -> None:
        """One mail, now."""
        now = time.monotonic_ns()
        for recipient in recipients:
            self.seen.append((recipient, now))
            self._bulk += recipient.startswith(BULK)
        COUNTS.pack_into(self._shared, 0, len(self.seen), self._bulk)


class Session(asyncio.Protocol):
    """One client."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._buffer = b""
        self._body = False
        self._recipients: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        out: list[bytes] = []
        while (answer := self._end_of_body() if self._body else self._command()) is not None:
            out.append(answer)
        if out:
            self._transport.write(b"".join(out))
        if out and out[-1].startswith(b"221"):
            self._transport.close()

    def _end_of_body(self) -> bytes | None:
        end = self._buffer.find(b"\r\n.\r\n")
        if end < 0:
            return None
        self._buffer = self._buffer[end + 5 :]
        self._body = False
        self._counter.take(self._recipients)
        self._recipients = []
        return b"250 2.0.0 Ok\r\n"

    def _command(self) -> bytes | None:
        line, found, rest = self._buffer.partition(b"\r\n")
        if not found:
            return None
        self._buffer = rest
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipients.append(line[line.index(b"<") + 1 : line.index(b">")])
        elif verb == b"DATA":
            self._body = True
            return b"354 go\r\n"
        elif verb in (b"EHLO", b"HELO"):
            return HELLO
        elif verb == b"QUIT":
            return b"221 2.0.0 bye\r\n"
        elif verb == b"RSET":
            self._recipients = []
        return b"250 2.0.0 Ok\r\n"


async def serve(counter: Counter) -> None:
    """Take mail until SIGTERM."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await loop.create_server(lambda: Session(counter), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stop.wait()


def main(out: Path) -> None:
    """Share the numbers, serve, write the ledger."""
    count = Path(f"{out}.count")
    count.write_bytes(bytes(COUNTS.size))
    with count.open("r+b") as numbers, mmap.mmap(numbers.fileno(), COUNTS.size) as shared:
        counter = Counter(shared)
        uvloop.run(serve(counter))
    with out.open("w") as ledger:
        ledger.writelines(json.dumps([recipient.decode(), at]) + "\n" for recipient, at in counter.seen)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    main(parser.parse_args().out)
