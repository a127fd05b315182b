"""One SMTP connection, of submission or reception: the socket and the tasks; the replies are ``mail.smtp.server.conversation``'s.

Theory of operation. Octets go to the conversation, its actions are carried out in order. While it waits for a login, a handshake
or a commit nothing is read, so a peer that pipelines fills its own buffers and not ours; the same while it does not read our
replies. A commit that has begun is never cancelled: the peer may be gone, the message is not.
Never log addresses, usernames or bodies.

Known sharp edges: a connection that comes through a proxy on this machine counts as loopback; time-outs are checked by the server
(``close_if_overdue``), at every point but in a login, handshake or commit, which have their own; decrypted octets may
come before the loop reports that the handshake is done, and are buffered until then.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, cast

import msgspec
import structlog

from posthouse.doors.connections.record import ConnectionRecord
from posthouse.doors.connections.slots import ListenerSlots
from posthouse.doors.smtp.parts import SmtpDoorParts
from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import (
    Authenticate,
    CloseSession,
    Login,
    LoginResult,
    ReceivedMessage,
    SecureServer,
    WriteReply,
)
from posthouse.mail.smtp.server.conversation import ServerConversation
from posthouse.mail.smtp.server.session import Actions, ServerTerms
from posthouse.model.loopback import is_loopback_address
from posthouse.model.send_request import Caller
from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.store.postgres.database import is_unavailable
from posthouse.telemetry import metrics
from posthouse.telemetry.denial_log import DenialLog

log = structlog.get_logger()

PROGRESS: Final = 16 * 1024  # octets of a message that count as activity
LINGER_SECONDS: Final = 5.0  # how long the last reply may take to be read
HANDSHAKE_SECONDS: Final = 20.0


def peer_address(peer: object) -> str:
    """The IP address of a peer name as the event loop gives it; '' where it is none."""
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


class SharedByListeners(msgspec.Struct, frozen=True):
    """What the sessions of one server share. ``sessions``: all that are open, each from connect to close."""

    slots: ListenerSlots["SmtpSession"]
    record: ConnectionRecord
    denials: DenialLog
    sessions: "set[SmtpSession]"


class SmtpSession(asyncio.Protocol):
    """``tls``: implicit, from the first octet.

    ``ended`` is set once everything that had begun is answered.
    """

    def __init__(self, parts: SmtpDoorParts, shared: "SharedByListeners", *, tls: bool) -> None:
        self._parts = parts
        self._shared = shared
        self._tls = tls
        self._transport: asyncio.Transport
        self._conversation: ServerConversation
        self._caller: Caller | None = None
        self._task: asyncio.Task[None] | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._early: bytearray | None = None  # during a handshake: what came decrypted before its end was reported
        self._is_write_blocked = False
        self._is_lost = False
        self._peer = ""
        self._began_at = self._active_at = 0.0
        self._octets_since_activity = 0
        self.ended = asyncio.Event()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, unless there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        metrics.SUBMISSION_SESSIONS.inc()
        self._peer = peer_address(transport.get_extra_info("peername"))
        if not self._take_slot():
            self._is_lost = True
            self._transport.write(reply.ENOUGH_SESSIONS)
            self._transport.close()
            return
        self._shared.sessions.add(self)
        self._began_at = self._active_at = self._parts.clock.monotonic()
        self._conversation = ServerConversation(
            ServerTerms(
                hostname=self._parts.hostname,
                limits=self._parts.limits,
                starttls=self._parts.tls_context is not None,
                encrypted=self._tls,
                loopback=is_loopback_address(self._peer),
                check_recipient=self._parts.check_recipient,
            )
        )
        self._perform(self._conversation.greet())

    @property
    def peer(self) -> str:
        """The client's IP address."""
        return self._peer

    def _take_slot(self) -> bool:
        """Whether there is one; the session that was silent for longest may have to go for it."""
        shared = self._shared
        is_proxy = self._parts.connections.proxies.trusts(self._peer)
        decision = shared.slots.open(self, None if is_proxy else self._peer)
        if decision.evicted is not None:
            shared.record.count("evicted", decision.evicted.peer)
            decision.evicted.abort()
        if decision.refused is not None:
            shared.record.count(decision.refused.value, self._peer)
        return decision.is_open

    def data_received(self, data: bytes) -> None:
        """Give what came to the conversation."""
        if self._is_lost:
            return
        if self._early is not None:
            self._early += data
            return
        self._octets_since_activity += len(data)
        self._perform(self._conversation.receive(data))
        if self._octets_since_activity >= PROGRESS:
            self._note_activity()

    def pause_writing(self) -> None:
        """The peer does not read its replies: nothing more is read from it."""
        self._is_write_blocked = True
        self._pause_or_resume_reading()

    def resume_writing(self) -> None:
        """It reads its replies again."""
        self._is_write_blocked = False
        self._pause_or_resume_reading()

    def connection_lost(self, _exc: Exception | None) -> None:
        """The connection is gone; what is being committed goes on."""
        self._is_lost = True
        if self._linger is not None:
            self._linger.cancel()
        if not self._busy:
            self._leave()

    # Called by the server.

    def close_if_overdue(self, now: float) -> None:
        """Close the connection of a peer that takes too long; ``now`` in monotonic seconds."""
        limits = self._parts.limits
        idle = now - self._active_at >= limits.idle.total_seconds()
        is_late = now - self._began_at >= (limits.login if self._needs_login else limits.total).total_seconds()
        if (idle or is_late) and not self._busy:
            self._perform(self._conversation.time_out())
            if self._is_write_blocked:
                self._transport.abort()

    def stop(self) -> None:
        """Take no new message; close when the one that has begun is answered."""
        if self._early is None:
            self._perform(self._conversation.stop())
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Drop the connection."""
        self._transport.abort()

    # Actions.

    @property
    def _busy(self) -> bool:
        return self._task is not None

    @property
    def _needs_login(self) -> bool:
        return self._caller is None and self._parts.check_recipient is None

    def _perform(self, actions: Actions) -> None:
        if not actions or self._is_lost:
            return
        self._note_activity()
        self._transport.write(b"".join([action.data for action in actions if type(action) is WriteReply]))
        last = actions[-1]
        if type(last) is ReceivedMessage:
            self._begin(self._handle(last))
        elif type(last) is Authenticate:
            self._begin(self._log_in(last.login))
        elif type(last) is SecureServer:
            self._begin(self._shake_hands())
        elif type(last) is CloseSession:
            self._close()
        self._pause_or_resume_reading()

    def _note_activity(self) -> None:
        self._active_at = self._parts.clock.monotonic()
        self._octets_since_activity = 0
        if not self._busy:
            self._shared.slots.idle(self)

    def _pause_or_resume_reading(self) -> None:
        """Read, unless something is under way or our replies are not read; a handshake reads for itself."""
        if self._early is not None:
            return
        if self._busy or self._is_write_blocked:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _close(self) -> None:
        """Close, but leave the peer time to read the last reply: a close with octets unread would reset the connection."""
        self.ended.set()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        else:
            self._transport.close()
        self._linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.abort)

    def _leave(self) -> None:
        if self in self._shared.sessions:
            self._shared.sessions.discard(self)
        self._shared.slots.close(self)
        self.ended.set()

    # Work that takes time.

    def _begin(self, work: Coroutine[Any, Any, Actions]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._finish(work))
        self._shared.slots.busy(self)

    async def _finish(self, work: Coroutine[Any, Any, Actions]) -> None:
        try:
            actions = await work
        finally:
            self._task = None
            if self._is_lost:
                self._leave()
            else:
                self._note_activity()
        if not self._is_lost:
            self._perform(actions)
            self._pause_or_resume_reading()

    async def _log_in(self, login: Login) -> Actions:
        result = await self._authenticate(login)
        if result is LoginResult.DENIED:
            self._shared.denials.note(self._peer)
            await asyncio.sleep(self._parts.limits.login_delay.total_seconds())
        return self._conversation.finish_login(result)

    async def _authenticate(self, login: Login) -> LoginResult:
        try:
            self._caller = await self._parts.authenticate(login.username, login.password)
        except Exception as error:  # the listener goes on: a client that cannot be looked up is asked to come back
            if not is_unavailable(error):
                log.exception("login not judged")
            return LoginResult.UNKNOWN
        return LoginResult.DENIED if self._caller is None else LoginResult.GRANTED

    async def _handle(self, message: ReceivedMessage) -> Actions:
        return self._conversation.finish_message(await self._reply_to(message))

    async def _reply_to(self, message: ReceivedMessage) -> bytes:
        """The reply to a message, which comes only after the commit."""
        try:
            return await self._parts.handle(self._caller, message)
        except StoreUnavailable as error:
            return reply.DISK_FULL if error.disk_full else reply.STORE_DOWN
        except Exception:  # the listener goes on: a bug of ours defers this message and no other
            log.exception("message not taken")
            return reply.STORE_DOWN

    async def _shake_hands(self) -> Actions:
        loop, context = asyncio.get_running_loop(), self._parts.tls_context
        assert context is not None  # noqa: S101 - STARTTLS is offered only where there is one
        if self._transport.is_closing():
            return []
        early = self._early = bytearray()  # from here on the loop gives octets to the handshake, and to us only decrypted ones
        try:
            secured = await loop.start_tls(
                self._transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        except (OSError, EOFError) as error:  # ssl.SSLError and time-outs are OSErrors
            log.info("handshake failed", error=type(error).__name__)
            secured = None
        self._early = None
        if secured is None:
            self._transport.abort()
            self._is_lost = True
            return []
        self._transport, self._caller = secured, None
        return self._conversation.finish_handshake() + self._conversation.receive(bytes(early))
