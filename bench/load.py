"""Load over HTTP, for Posthouse: ``POST /v1/send`` on kept connections (``bench.pace`` says how)."""

import asyncio
import sys

import uvloop

from bench import letter, pace


class Connection(asyncio.Protocol):
    """One keep-alive connection; one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(rest) < length or self._answer is None:
            return
        self._buffer, self.body = rest[length:], rest[:length]
        answer, self._answer = self._answer, None
        answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed before it answered"))

    def ask(self, request: bytes) -> "asyncio.Future[int]":
        """Send; the status when it is answered."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    async def carry(self, thing: bytes, recipient: str) -> bool:
        del recipient
        taken = await self.ask(thing) == 202
        if not taken:
            sys.stderr.write(self.body[:300].decode() + "\n")
        return taken


def request(path: str, port: int, key: str, body: bytes) -> bytes:
    """A whole request, ready to be written."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def connect(port: int, count: int) -> list[Connection]:
    """That many connections, open."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]


async def main() -> None:
    """One load, from the command line."""
    parser = pace.options()
    parser.add_argument("--key", required=True)
    parser.add_argument("--type", default="password_reset")
    a = parser.parse_args()
    letters = [letter.letter(number, a.run) for number in range(a.count)]
    things = [(one.recipient, request("/v1/send", a.port, a.key, letter.body(one, a.type))) for one in letters]
    pace.write(await pace.offer(await connect(a.port, a.connections), things, a.rate), a.out)


if __name__ == "__main__":
    uvloop.run(main())
