"""What listeners answer that were restarted while the database is away: every client gets the reply to try again at once.

Such a process cannot accept a message, and its listening sockets are open all the time: a client would wait without an answer. A
process that is started beside its predecessor does none of this, because the predecessor still answers.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, cast

from posthouse.app.runtime.tls import server_context
from posthouse.config import Settings
from posthouse.doors.smtp.server import IMPLICIT_TLS
from posthouse.mail.smtp.server.reply import STORE_AWAY
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy

T = TypeVar("T")
PATIENCE: Final = 2.0  # seconds that the store may take to open before clients get that reply
_GRACE: Final = 2
_SLOTS: Final = 400  # connections; below the usual soft limit of open files


async def serve_unavailable(
    opening: Coroutine[Any, Any, T],
    sockets: Mapping[str, socket.socket],
    settings: Settings,
    clock: SystemClock,
    entropy: Entropy,
) -> T:
    """The result of ``opening``; where that takes longer than ``PATIENCE``, the sockets are answered meanwhile."""
    work = asyncio.create_task(opening)
    await asyncio.wait([work], timeout=PATIENCE)
    if not work.done():
        async with _http(sockets.get("http"), clock, entropy), _smtp(sockets, settings, clock):
            await asyncio.wait([work])
    return work.result()


@asynccontextmanager
async def _http(sock: socket.socket | None, clock: SystemClock, entropy: Entropy) -> AsyncIterator[None]:
    if sock is None:
        yield
        return
    from posthouse.app.roles.http import HttpDoor  # noqa: PLC0415 - submission alone needs no web framework
    from posthouse.doors.http.application import unavailable_application  # noqa: PLC0415

    server = HttpDoor(unavailable_application(lambda: entropy.new_id(clock.now())), _SLOTS, _GRACE)
    await server.open(sock.dup())
    try:
        yield
    finally:
        await server.close()


@asynccontextmanager
async def _smtp(sockets: Mapping[str, socket.socket], settings: Settings, clock: SystemClock) -> AsyncIterator[None]:
    loop, servers = asyncio.get_running_loop(), []
    for name, sock in sockets.items():
        if name in ("smtp", IMPLICIT_TLS):
            context = server_context(settings, clock.now()) if name == IMPLICIT_TLS else None
            servers.append(await loop.create_server(_UnavailableReply, sock=sock.dup(), ssl=context, backlog=1024))
    try:
        yield
    finally:
        for server in servers:
            server.close()


class _UnavailableReply(asyncio.Protocol):
    """One reply and the end of the session (RFC 5321 3.8: 421)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Reply at once, without waiting for a command."""
        stream = cast("asyncio.Transport", transport)
        stream.write(STORE_AWAY)
        stream.close()
