"""Strangers' HTTP servers, as they are and as they should not be: scripted answers on loopback, with a ledger of what was
asked.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from posthouse.model.dns_answer import AddressAnswer, DnsAnswerKind
from posthouse.net.clock import SystemClock
from posthouse.net.dns import Resolver


@dataclass
class Asked:
    """One request as it came."""

    head: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        pairs = (line.partition(":") for line in self.head.split("\r\n")[1:] if line)
        return {name.lower(): value.strip() for name, _, value in pairs}


@dataclass
class Stranger:
    """Where it listens, what it was asked, how often somebody connected."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/hook", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


Respond = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str = "200 OK", body: bytes = b"ok", *headers: str) -> Respond:
    """The same answer to everybody; the connection stays open."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return respond


def raw(data: bytes, *, close: bool = True) -> Respond:
    """These bytes, and the end."""

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        with contextlib.suppress(OSError):
            await writer.drain()
        if close:
            writer.close()

    return respond


async def silence(_: Asked, writer: asyncio.StreamWriter) -> None:
    """Nothing, for as long as the test lasts."""
    await asyncio.sleep(60)
    writer.close()


@contextlib.asynccontextmanager
async def stranger(respond: Respond, context: ssl.SSLContext | None = None) -> AsyncIterator[Stranger]:
    """A server that reads whole requests and answers each with ``respond``."""
    found = Stranger()
    open_ones: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        open_ones.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                asked = Asked(head, b"")
                asked.body = await reader.readexactly(int(asked.headers.get("content-length", "0")))
                found.asked.append(asked)
                await respond(asked, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
        await asyncio.sleep(0)


class Names(Resolver):
    """DNS for tests: each name's answers in turn, the last one for ever."""

    def __init__(self, **names: list[tuple[str, ...]]) -> None:
        super().__init__(None, SystemClock())
        self.names = {name.replace("_", "."): list(answers) for name, answers in names.items()}
        self.looked = 0

    async def addresses(self, host: str) -> AddressAnswer:
        self.looked += 1
        answers = self.names.get(host)
        if not answers:
            return AddressAnswer(DnsAnswerKind.NO_SUCH_DOMAIN, text=f"{host} does not exist")
        return AddressAnswer(DnsAnswerKind.FOUND, answers.pop(0) if len(answers) > 1 else answers[0])
