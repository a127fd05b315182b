"""The connection under a session of the fake mail server: what is sent, when, and how the connection may end."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Final

from posthouse.testing.faults import reply

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class FakeMxWire:
    """``ignores_input``: nothing that arrives is processed any more; ``busy``: not until a slow reply was sent."""

    def __init__(self, transport: asyncio.Transport, process: Callable[[], None]) -> None:
        """STARTTLS replaces ``transport``. ``process`` is called when input that arrived meanwhile may be processed."""
        self.transport = transport
        self.ignores_input = False
        self.busy = False
        self._process = process
        self._out: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def tls(self) -> str:
        """The TLS version, or empty."""
        connection = self.transport.get_extra_info("ssl_object")
        return str(connection.version()) if connection is not None else ""

    def greet(self, kind: str, argument: str) -> None:
        """The greeting that ``Behaviour.greet`` asks for."""
        match kind:
            case "220":
                self.send(b"220 fake.mx ESMTP\r\n")
            case "tarpit":
                self.send_later(float(argument), b"220 fake.mx ESMTP\r\n")
            case "junk":
                self.send(b"\xff\xfe\x00\x01 what?\r\n")
            case "http":
                self.close(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            case "close":
                self.close()
            case "silent":
                self.stop_replying()
            case "421":
                self.close(reply(kind))
            case _:
                self.send(reply(kind))

    def send(self, *data: bytes) -> None:
        """Queue for the next flush."""
        self._out += data

    def flush(self) -> None:
        """Write what is queued, at once."""
        if self._out and not self.transport.is_closing():
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def send_later(self, seconds: float, data: bytes, gap: float = 0.0) -> None:
        """After ``seconds``, byte by byte where there is a ``gap`` (seconds); nothing else is sent before."""
        self.flush()
        self.busy = True
        self.start(self._send_slowly(seconds, data, gap))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run a task that ends with the connection."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self, last: bytes = b"") -> None:
        """Send ``last``, then close."""
        self.send(last)
        self.flush()
        self.ignores_input = True
        self.transport.close()

    def close_half(self) -> None:
        """Close for writing only."""
        self.stop_replying()
        self.transport.write_eof()

    def reset(self) -> None:
        """RST instead of FIN."""
        self.stop_replying()
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def stop_replying(self) -> None:
        """Send what is queued; then nothing more."""
        self.flush()
        self.ignores_input = True

    def stop_reading(self) -> None:
        """Stop reading, so that the peer's window fills."""
        self.flush()
        self.transport.pause_reading()

    def end(self) -> None:
        """The connection was lost."""
        self.ignores_input = True
        for task in self._tasks:
            task.cancel()

    async def _send_slowly(self, seconds: float, data: bytes, gap: float) -> None:
        await asyncio.sleep(seconds)
        for piece in [data[at : at + 1] for at in range(len(data))] if gap else [data]:
            self.send(piece)
            self.flush()
            await asyncio.sleep(gap)
        self.busy = False
        self._process()
