"""The wire under a session of the fake mail server: what is said, when, and how the connection may end."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Final

from posthouse.testing.faults import reply

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class FakeMxLine:
    """``deaf``: nothing that comes is heard any more; ``held``: not until what takes its time was said."""

    def __init__(self, transport: asyncio.Transport, go_on: Callable[[], None]) -> None:
        """Over this transport; STARTTLS puts another in its place. ``go_on``: what came meanwhile may be heard."""
        self.transport = transport
        self.deaf = False
        self.held = False
        self._go_on = go_on
        self._out: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def tls(self) -> str:
        """The TLS version, or empty."""
        connection = self.transport.get_extra_info("ssl_object")
        return str(connection.version()) if connection is not None else ""

    def greet(self, kind: str, argument: str) -> None:
        """The first words, as ``Behaviour.greet`` has them."""
        match kind:
            case "220":
                self.say(b"220 fake.mx ESMTP\r\n")
            case "tarpit":
                self.say_later(float(argument), b"220 fake.mx ESMTP\r\n")
            case "junk":
                self.say(b"\xff\xfe\x00\x01 what?\r\n")
            case "http":
                self.close(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            case "close":
                self.close()
            case "silent":
                self.fall_silent()
            case "421":
                self.close(reply(kind))
            case _:
                self.say(reply(kind))

    def say(self, *data: bytes) -> None:
        """With the next flush."""
        self._out += data

    def flush(self) -> None:
        """In one write."""
        if self._out and not self.transport.is_closing():
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def say_later(self, seconds: float, data: bytes, gap: float = 0.0) -> None:
        """Byte by byte where there is a gap (seconds); nothing else is said before."""
        self.flush()
        self.held = True
        self.start(self._speak(seconds, data, gap))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Until the connection ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self, last: bytes = b"") -> None:
        """Say this last, then close."""
        self.say(last)
        self.flush()
        self.deaf = True
        self.transport.close()

    def close_half(self) -> None:
        """Say nothing any more, and let the peer know."""
        self.fall_silent()
        self.transport.write_eof()

    def reset(self) -> None:
        """RST instead of FIN."""
        self.fall_silent()
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def fall_silent(self) -> None:
        """What was to be said is said; then nothing."""
        self.flush()
        self.deaf = True

    def stop_reading(self) -> None:
        """Let the peer's window run full."""
        self.flush()
        self.transport.pause_reading()

    def end(self) -> None:
        """The connection is gone."""
        self.deaf = True
        for task in self._tasks:
            task.cancel()

    async def _speak(self, seconds: float, data: bytes, gap: float) -> None:
        await asyncio.sleep(seconds)
        for piece in [data[at : at + 1] for at in range(len(data))] if gap else [data]:
            self.say(piece)
            self.flush()
            await asyncio.sleep(gap)
        self.held = False
        self._go_on()
