"""Whether a host speaks SMTP with us, found out without sending a message.

Connects, reads the greeting, says EHLO, STARTTLS where the terms say so, and QUIT, within one given time. The
conversation is that of every session (``mail.smtp.handshake``), so a host that this accepts a delivery will find
usable too. It authenticates nowhere and trusts nothing it reads: replies are bounded and only quoted.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from datetime import timedelta
from typing import Final

import msgspec

from posthouse.mail.smtp.handshake import (
    Action,
    Handshake,
    SecureClient,
    SendCommand,
    SessionEnded,
    SessionReady,
    SessionTerms,
    SmtpCommand,
    TlsUse,
)
from posthouse.mail.smtp.reply import Reply, ReplyReader, UnreadableReply
from posthouse.net.smtp.tls import checking, describe_session

_READ_BYTES: Final = 4096


class ProbeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to probe, as ``name``. ``implicit_tls``: TLS from the first byte. Wherever there is TLS the certificate is checked."""

    host: str
    port: int
    name: str
    implicit_tls: bool = False
    tls: TlsUse = TlsUse.NEVER


class ProbeAnswer(msgspec.Struct, frozen=True):
    """It greeted and answered EHLO.

    ``extensions``: keywords of its first EHLO, upper case. ``tls``: version and cipher, or empty.
    """

    greeting: str
    extensions: frozenset[str]
    tls: str = ""


class ProbeSilence(msgspec.Struct, frozen=True):
    """It did not; ``why`` in words. ``connected``: TCP (and implicit TLS) went well."""

    why: str
    connected: bool


async def greet(target: ProbeTarget, patience: timedelta) -> ProbeAnswer | ProbeSilence:
    """Open a session and quit it."""
    session = _ProbeSession(target)
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await session.run()
    except ssl.SSLError as error:
        return ProbeSilence(f"TLS failed ({error.reason or 'no reason given'})", session.connected)
    except OSError as error:
        return ProbeSilence(_describe(error, patience), session.connected)
    except ValueError as error:
        return ProbeSilence(str(error), session.connected)


async def reach(host: str, port: int, patience: timedelta) -> str:
    """Why no connection is accepted there, '' where one is; nothing is said."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return _describe(error, patience)
    await _close(writer)
    return ""


class _ProbeSession:
    """One session; remembers how far it came."""

    def __init__(self, target: ProbeTarget) -> None:
        self.connected = False
        self._target = target
        self._replies: deque[Reply | UnreadableReply] = deque()
        self._reader = ReplyReader()
        self._greeting = ""
        self._extensions: frozenset[str] | None = None

    async def run(self) -> ProbeAnswer:
        """Errors: OSError; ValueError where the host ends the session or speaks no SMTP, or our name cannot be said in EHLO."""
        handshake = Handshake(SessionTerms(hostname=self._target.name, tls=self._target.tls, secured=self._target.implicit_tls))
        context = checking() if self._target.implicit_tls else None
        stream, writer = await asyncio.open_connection(self._target.host, self._target.port, ssl=context)
        self.connected = True
        try:
            await self._open(handshake, stream, writer)
            writer.write(b"QUIT\r\n")
            tls = describe_session(writer.get_extra_info("ssl_object"))
        finally:
            await _close(writer)
        return ProbeAnswer(self._greeting, self._extensions or frozenset(), tls)

    async def _open(self, handshake: Handshake, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        awaited = SmtpCommand.GREETING
        while True:
            reply = await self._next_reply(stream)
            action = handshake.handle_reply(awaited, reply)
            if awaited is SmtpCommand.GREETING:
                self._greeting = reply.lines[0]
            elif awaited is SmtpCommand.EHLO and self._extensions is None:
                self._extensions = frozenset(handshake.extensions)
            if isinstance(action, SecureClient):
                await writer.start_tls(checking(), server_hostname=self._target.host)
                self._reader, self._replies = ReplyReader(), deque()  # what came before the handshake is not believed
                action = handshake.finish_handshake()
            match action:
                case SessionReady():
                    return
                case SendCommand():
                    writer.write(action.data)
                    awaited = action.command
                case _:
                    raise ValueError(_describe_end(action))

    async def _next_reply(self, stream: asyncio.StreamReader) -> Reply:
        while not self._replies:
            data = await stream.read(_READ_BYTES)
            if not data:
                raise ValueError("the connection was closed")
            self._replies.extend(self._reader.feed(data))
        reply = self._replies.popleft()
        if isinstance(reply, UnreadableReply):
            raise ValueError(f"it said {reply.text}")  # noqa: TRY004 - what a peer sends is a value, no type of ours
        return reply


def _describe_end(action: Action) -> str:
    if isinstance(action, SessionEnded) and action.reply is not None:
        return f"it said {f'{action.reply.code} {action.reply.text}'[:200]!r}"
    return action.text if isinstance(action, SessionEnded) else "the session did not open"


def _describe(error: OSError, patience: timedelta) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {patience.total_seconds():g} s"
    return error.strerror or str(error) or type(error).__name__


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
