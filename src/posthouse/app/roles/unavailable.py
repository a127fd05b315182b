"""What a door answers that was started anew while the database is away: everybody is told at once to come again.

Such a process has nothing to take a message with, and its listening sockets are open all the time: whoever knocks would wait in
silence. A successor that begins beside its predecessor (``process.Child.renew``) does none of this, because that one still answers.
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
PATIENCE: Final = 2.0  # seconds that the store may take to open before anybody is told
_GRACE: Final = 2


async def serve_unavailable(
    opening: Coroutine[Any, Any, T],
    sockets: Mapping[str, socket.socket],
    settings: Settings,
    clock: SystemClock,
    entropy: Entropy,
) -> T:
    """What ``opening`` comes to; while it takes longer than a moment, the sockets are answered."""
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
    from posthouse.doors.api.app import unavailable_app  # noqa: PLC0415

    door = HttpDoor(unavailable_app(lambda: entropy.new_id(clock.now())), _GRACE)
    await door.open(sock.dup())
    try:
        yield
    finally:
        await door.close()


@asynccontextmanager
async def _smtp(sockets: Mapping[str, socket.socket], settings: Settings, clock: SystemClock) -> AsyncIterator[None]:
    loop, listening = asyncio.get_running_loop(), []
    for name, sock in sockets.items():
        if name in ("smtp", IMPLICIT_TLS):
            context = server_context(settings, clock.now()) if name == IMPLICIT_TLS else None
            listening.append(await loop.create_server(_Away, sock=sock.dup(), ssl=context, backlog=1024))
    try:
        yield
    finally:
        for each in listening:
            each.close()


class _Away(asyncio.Protocol):
    """One word and the end of the session (RFC 5321 3.8: 421)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say it at once."""
        writing = cast("asyncio.Transport", transport)
        writing.write(STORE_AWAY)
        writing.close()
