"""An SMTP server: its listeners, the time limits of its sessions, and how it is closed.

``close`` lets every message that has begun be answered: a rolling restart refuses no send. It must never know the conversation.
"""

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from posthouse.doors.connections.record import ConnectionRecord
from posthouse.doors.connections.slots import ListenerSlots
from posthouse.doors.smtp.parts import SmtpDoorParts
from posthouse.doors.smtp.session import HANDSHAKE_SECONDS, SharedByListeners, SmtpSession
from posthouse.telemetry.denial_log import DenialLog

IMPLICIT_TLS: Final = "smtps"
_SWEEP_SECONDS: Final = 1.0


class SmtpServer:
    """Made by ``serve_smtp``; belongs to the running loop."""

    def __init__(self, parts: SmtpDoorParts) -> None:
        self._parts = parts
        self.sessions: set[SmtpSession] = set()
        monotonic = parts.clock.monotonic
        self._shared = SharedByListeners(
            slots=ListenerSlots(parts.connections.slots),
            record=ConnectionRecord("smtp", monotonic),
            denials=DenialLog("smtp", "login refused", monotonic),
            sessions=self.sessions,
        )
        self._listeners: list[asyncio.Server] = []
        self._sweeping: asyncio.TimerHandle | None = None

    async def listen(self, sock: socket.socket, *, implicit_tls: bool) -> None:
        """Accept connections on a bound socket."""
        context = self._parts.tls_context if implicit_tls else None
        server = await asyncio.get_running_loop().create_server(
            lambda: SmtpSession(self._parts, self._shared, tls=implicit_tls),
            sock=sock,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
            backlog=1024,
        )
        self._listeners.append(server)

    def sweep(self) -> None:
        """Close the sessions that take too long."""
        now = self._parts.clock.monotonic()
        for session in tuple(self.sessions):
            session.close_if_overdue(now)
        self._shared.record.show_open(len(self.sessions))

    def keep_sweeping(self) -> None:
        """Sweep, every second."""
        self.sweep()
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self.keep_sweeping)

    async def close(self, grace: timedelta) -> None:
        """Accept no more, answer every message that has begun, at most ``grace`` long; then drop what is left."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for listener in self._listeners:
            listener.close()
        for session in tuple(self.sessions):
            session.stop()
        await _wait_until_ended(self.sessions, grace)
        for session in tuple(self.sessions):
            session.abort()


async def _wait_until_ended(sessions: set[SmtpSession], grace: timedelta) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace.total_seconds()):
            for session in tuple(sessions):
                await session.ended.wait()


async def serve_smtp(sockets: Mapping[str, socket.socket], parts: SmtpDoorParts) -> SmtpServer:
    """Listen on bound sockets by name: ``smtps`` with TLS from the first octet, others with STARTTLS if there is a certificate.

    Errors: ValueError where ``smtps`` is asked for without a ``tls_context``.
    """
    if IMPLICIT_TLS in sockets and parts.tls_context is None:
        raise ValueError("smtps needs a certificate")
    server = SmtpServer(parts)
    for name, sock in sockets.items():
        await server.listen(sock, implicit_tls=name == IMPLICIT_TLS)
    server.keep_sweeping()
    return server
