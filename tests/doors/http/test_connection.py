"""Claims about HTTP connections: bounded heads, bounded waiting, bounded numbers. Sockets are real; the time is given."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from posthouse.doors.connections.proxies import NO_PROXIES, TrustedProxies
from posthouse.doors.connections.record import ConnectionRecord
from posthouse.doors.connections.slots import ListenerSlots
from posthouse.doors.http.connection import HEAD_BYTES, ConnectionRules, ServedConnection

OUTER = 10.0  # seconds
Scope = dict[str, Any]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Listener:
    """A door with an application of a few lines. ``peers``: whom it saw."""

    port: int
    state: ServerState
    asked: int = 0
    peers: list[str] = field(default_factory=list)
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    size: int = 2
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def app(self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        """Reads the body, waits where the path says so, and responds."""
        self.asked += 1
        self.peers.append(scope["client"][0])
        while scope["method"] == "POST":
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message["more_body"]:
                break
        if scope["path"] == "/wait":
            await self.finish.wait()
        headers = [(b"content-length", str(self.size).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"o" * self.size})

    def later(self, seconds: float) -> None:
        """What the server does after so many seconds."""
        now = asyncio.get_running_loop().time() + seconds
        for each in tuple(self.state.connections):
            assert isinstance(each, ServedConnection)
            each.close_if_overdue(now)


@asynccontextmanager
async def listening(slots: int = 100, proxies: TrustedProxies = NO_PROXIES) -> AsyncIterator[Listener]:
    listener = Listener(0, ServerState())
    loop = asyncio.get_running_loop()
    rules = ConnectionRules(ListenerSlots(slots), ConnectionRecord("test", loop.time), proxies, lambda: "req_1")
    config = uvicorn.Config(
        listener.app, interface="asgi3", lifespan="off", log_config=None, access_log=False, proxy_headers=False
    )
    server = await loop.create_server(lambda: ServedConnection(config, listener.state, {}, rules=rules), "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        listener.finish.set()
        server.close()
        for each in tuple(listener.state.connections):
            each.transport.abort()
        for writer in listener.writers:
            writer.transport.abort()
        await server.wait_closed()
        await asyncio.sleep(0.05)


class Client:
    """One connection of a stranger."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, data: bytes) -> None:
        """Send; a reset is for ``hear`` to find."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), OUTER)

    async def hear(self) -> bytes:
        """What there is next; nothing where the connection has ended."""
        with suppress(ConnectionError):
            return await asyncio.wait_for(self._reader.read(65536), OUTER)
        return b""

    async def whole(self) -> bytes:
        """Everything up to the end of the connection."""
        return b"".join([data async for data in self._pieces()])

    async def _pieces(self) -> AsyncIterator[bytes]:
        while data := await self.hear():
            yield data


async def connect(listener: Listener, source: str = "127.0.0.1") -> Client:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port, local_addr=(source, 0))
    listener.writers.append(writer)
    await asyncio.sleep(0.02)
    return Client(reader, writer)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"a" * (HEAD_BYTES + 1),
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + b"a" * (HEAD_BYTES + 1),
        b"GET / HTTP/1.1\r\nX: " + b"a" * HEAD_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 102,
        b"GET / HTTP/1.1\r\n" + b"x" * (HEAD_BYTES + 1),
    ],
    ids=["endless value", "long request line", "endless request line", "large", "many fields", "endless fields", "endless name"],
)
async def test_a_head_past_its_bound_is_431_without_a_body_and_never_meets_the_application(head: bytes) -> None:
    async with listening() as listener:
        client = await connect(listener)
        await client.say(head)
        said = await client.whole()
        assert said.startswith(b"HTTP/1.1 431 ")
        assert said.endswith(b"Connection: close\r\n\r\n")
        assert listener.asked == 0


async def test_a_head_within_its_bounds_is_answered() -> None:
    async with listening() as listener:
        client = await connect(listener)
        await client.say(b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 99 + b"Y: " + b"a" * 60_000 + b"\r\n\r\n")
        assert (await client.hear()).startswith(b"HTTP/1.1 200 ")


async def test_small_heads_that_come_together_are_no_large_one() -> None:
    async with listening() as listener:
        client = await connect(listener)
        for _ in range(3):
            await client.say(b"POST / HTTP/1.1\r\nContent-Length: 90000\r\n\r\n" + b"b" * 90_000 + b"GET / HT")
            assert (await client.hear()).startswith(b"HTTP/1.1 200 ")
            await client.say(b"TP/1.1\r\nHost: x\r\n\r\n")
            assert (await client.hear()).startswith(b"HTTP/1.1 200 ")
        assert listener.asked == 6


@pytest.mark.parametrize("rest", [b"0\r\nX: " + b"a" * 300_000, b"0\r\n" + b"X: a\r\n" * 500, b"1;" + b"a" * 300_000])
async def test_trailers_and_chunk_extensions_without_end_are_cut(rest: bytes) -> None:
    async with listening() as listener:
        client = await connect(listener)
        await client.say(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        await client.say(rest)
        assert (await client.whole())[:13] in (b"", b"HTTP/1.1 431 ")


async def test_a_trailer_is_no_field_of_the_head() -> None:
    async with listening() as listener:
        client = await connect(listener)
        await client.say(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n")
        assert (await client.hear()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_connection_without_a_whole_head_is_closed_after_fifteen_seconds(begun: bytes) -> None:
    async with listening() as listener:
        client = await connect(listener)
        await client.say(begun)
        await asyncio.sleep(0.05)
        listener.later(10)
        await asyncio.sleep(0.05)
        assert listener.state.connections
        listener.later(16)
        assert await client.hear() == b""


async def test_between_requests_a_connection_lives_75_seconds() -> None:
    async with listening() as listener:
        client = await connect(listener)
        await client.say(GET)
        assert (await client.hear()).startswith(b"HTTP/1.1 200 ")
        listener.later(70)
        await client.say(GET)
        assert (await client.hear()).startswith(b"HTTP/1.1 200 ")
        listener.later(76)
        assert await client.hear() == b""


async def test_a_body_that_never_begins_or_stops_is_closed_after_thirty_seconds() -> None:
    async with listening() as listener:
        for begun in (b"", b"half"):
            client = await connect(listener)
            await client.say(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n" + begun)
            await asyncio.sleep(0.05)
            listener.later(25)
            await asyncio.sleep(0.05)
            assert listener.state.connections
            listener.later(31)
            assert await client.hear() == b""


async def test_a_request_that_is_being_answered_is_never_idle() -> None:
    async with listening(slots=4) as listener:
        waiting = await connect(listener)
        await waiting.say(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\nGET / HT")
        await asyncio.sleep(0.05)
        listener.later(3600)
        crowd = [await connect(listener) for _ in range(10)]
        listener.finish.set()
        assert (await waiting.hear()).startswith(b"HTTP/1.1 200 ")
        assert crowd


async def test_a_response_that_nobody_reads_is_closed_after_sixty_seconds() -> None:
    async with listening() as listener:
        listener.size = 20 << 20
        stranger = socket.socket()
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stranger.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(stranger, ("127.0.0.1", listener.port))
        await loop.sock_sendall(stranger, GET)
        await asyncio.sleep(0.3)
        listener.later(0)
        listener.later(50)
        await asyncio.sleep(0.05)
        assert listener.state.connections
        listener.later(61)
        await asyncio.sleep(0.05)
        assert not listener.state.connections
        stranger.close()


async def test_the_longest_idle_makes_room_and_honest_clients_are_served_from_either_address() -> None:
    async with listening(slots=40) as listener:
        idle = [await connect(listener) for _ in range(60)]
        assert len(listener.state.connections) == 30
        for source in ("127.0.0.1", "127.0.0.2"):
            honest = await connect(listener, source)
            await honest.say(GET)
            assert (await honest.hear()).startswith(b"HTTP/1.1 200 ")
        assert await idle[0].hear() == b""


async def test_only_a_trusted_proxy_names_the_peer_and_counts_for_no_cap() -> None:
    request = b"GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n\r\n"
    async with listening() as plain, listening(4, TrustedProxies((ip_network("127.0.0.1/32"),))) as behind:
        for listener in (plain, behind):
            client = await connect(listener)
            await client.say(request)
            await client.hear()
        more = [await connect(behind) for _ in range(3)]
        assert (plain.peers, behind.peers, len(behind.state.connections)) == (["127.0.0.1"], ["192.0.2.7"], 4)
        assert more
