"""The submission door on loopback, with an intake that only writes down: for clients, strangers and attackers."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Final, TypeVar, cast

from posthouse.doors.smtp.parts import ConnectionLimits
from posthouse.doors.submission import SmtpServer
from posthouse.doors.submission.serve import SubmissionParts, serve_submission
from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.send_request import Accepted, Caller, Environment, Rejection, SendRequest
from posthouse.testing.clock import FakeClock

T = TypeVar("T")

USER: Final = "user"
PASSWORD: Final = "correct horse"
CALLER: Final = Caller(tenant=1, tenant_ref="t1", environment=Environment.LIVE, credential="c1", door="smtp")
QUICK: Final = SessionLimits(login_delay=timedelta(0))
MESSAGE: Final = b"From: Shop <shop@shop.example>\r\nTo: ann@x.example\r\nSubject: Hello\r\n\r\nHello.\r\n"
PLAIN: Final = b"AUTH PLAIN AHVzZXIAY29ycmVjdCBob3JzZQ==\r\n"


class Notebook:
    """Intake: writes requests down and takes them, unless told what to do; ``open`` lets commits end."""

    def __init__(self) -> None:
        self.requests: list[SendRequest] = []
        self.callers: list[Caller] = []
        self.open = asyncio.Event()
        self.open.set()
        self.entered = asyncio.Event()
        self.trouble: Exception | None = None
        self.rejection: Rejection | None = None

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        self.entered.set()
        await self.open.wait()
        if self.trouble is not None:
            raise self.trouble
        if self.rejection is not None:
            return self.rejection
        self.callers.append(caller)
        self.requests.append(request)
        return Accepted(id=f"msg_{len(self.requests)}", status="queued", deliver_by=None, duplicate=False, deliveries=())


class Unlimited:
    """No key has a limit."""

    async def check(self, _caller: Caller, _requests: Sequence[SendRequest | Rejection]) -> None:
        return None


class Door:
    """A running door: where it listens, what came through, and its clock."""

    def __init__(self, server: SmtpServer, notebook: Notebook, clock: FakeClock, sockets: dict[str, socket.socket]) -> None:
        self.server = server
        self.notebook = notebook
        self.clock = clock
        self.host = "127.0.0.1"
        self.port: int = sockets["smtp"].getsockname()[1]
        self.tls_port: int = sockets["smtps"].getsockname()[1] if "smtps" in sockets else 0

    @property
    def requests(self) -> list[SendRequest]:
        return self.notebook.requests


async def authenticate(username: str, password: str) -> Caller | None:
    """The one login there is."""
    return CALLER if (username, password) == (USER, PASSWORD) else None


def _bound() -> socket.socket:
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


@contextlib.asynccontextmanager
async def open_door(
    context: ssl.SSLContext | None = None,
    limits: SessionLimits = QUICK,
    authenticates: Callable[[str, str], object] = authenticate,
    slots: int = 1000,
) -> AsyncIterator[Door]:
    """A door on free ports, closed without grace at the end."""
    sockets = {name: _bound() for name in (("smtp", "smtps") if context else ("smtp",))}
    notebook, clock = Notebook(), FakeClock()
    parts = SubmissionParts(
        intake=notebook,
        rate_limits=Unlimited(),
        authenticate=authenticates,  # type: ignore[arg-type]
        hostname="mail.example",
        clock=clock,
        tls_context=context,
        limits=limits,
        connections=ConnectionLimits(slots),
    )
    door = Door(await serve_submission(sockets, parts), notebook, clock, sockets)
    try:
        yield door
    finally:
        notebook.open.set()
        await door.server.close(timedelta(seconds=0.05))
        await asyncio.sleep(0)


class Wire:
    """A raw connection: octets out, what came back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes, replies: int = 1) -> bytes:
        """Write, then read so many complete replies."""
        self.writer.write(data)
        return b"".join([await self.reply() for _ in range(replies)])

    async def reply(self) -> bytes:
        """One reply, however many lines it has; empty at the end of the connection."""
        lines = [await self.reader.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(await self.reader.readline())
        return b"".join(lines)

    async def rest(self, data: bytes = b"") -> bytes:
        """Write, then read until the door hangs up."""
        if data:
            self.writer.write(data)
        return await self.reader.read()

    def deafen(self) -> None:
        """Read nothing more."""
        cast("asyncio.Transport", self.writer.transport).pause_reading()

    async def log_in(self) -> None:
        assert (await self.say(b"EHLO client.example\r\n" + PLAIN, 2)).splitlines()[-1].startswith(b"235 ")


@contextlib.asynccontextmanager
async def connected(door: Door, context: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """A connection that has read the greeting; over implicit TLS with a ``context``."""
    port = door.tls_port if context else door.port
    wire = Wire(*await asyncio.open_connection(door.host, port, ssl=context, server_hostname="localhost" if context else None))
    try:
        assert (await wire.reply()).startswith(b"220 ")
        yield wire
    finally:
        wire.writer.close()
        with contextlib.suppress(OSError):
            await wire.writer.wait_closed()


async def in_thread(work: Callable[[], T]) -> T:
    """A client that blocks, beside the door's loop."""
    return await asyncio.to_thread(work)
