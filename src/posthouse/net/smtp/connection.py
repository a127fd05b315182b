"""One SMTP connection: the socket under a conversation, and the parcels on it.

The driver is thin: it hands bytes to ``mail.smtp.client``, does what the actions say, opens the gate before a
body, and keeps time. What a reply means its pool's classifier says; what becomes of a parcel its pool decides.

Theory of operation. A connection pulls: when it has nothing under way, and again when a body is about to leave
(so that the next envelope shares its write), it takes the next parcel from its pool. At most two parcels are on it,
the older one waiting for the reply to its dot. There is one timer, moved lazily: setting a later deadline
costs an assignment. A deadline is set when a reply has come, never by mere bytes, so that a peer that drips one byte
a second gains nothing.

Known sharp edges: what is lost after the gate was opened is in doubt even where the dot can hardly have left this
machine. A peer that closes while idle is noticed at once, but its FIN may cross our next MAIL: such a parcel is requeued.
"""

import asyncio
import math
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

from posthouse.mail.smtp.client import ClientConversation
from posthouse.mail.smtp.handshake import Action, GoAhead, SecureClient, SendCommand, SessionEnded, SessionReady, TransactionReply
from posthouse.model.outcome import AttemptStage, Reason
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.smtp.pool import Candidate, ConnectionPool, QueuedParcel
from posthouse.net.smtp.tls import SHUTDOWN_SECONDS, describe_error, describe_session


class SmtpConnection(asyncio.Protocol):
    """``opened``: None once the session is open, else why it could not be. ``transactions``: how many ended on it.

    ``over``: nothing more happens on it. ``tls``: version and cipher, or empty.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        candidate: Candidate,
        conversation: ClientConversation,
        context: ssl.SSLContext,
        limits: TransportLimits,
    ) -> None:
        """``context`` is for STARTTLS, should the conversation come to it."""
        self._loop = asyncio.get_running_loop()
        self._pool = pool
        self._conversation = conversation
        self._context = context
        self._limits = limits
        self._seconds = limits.seconds()
        self._transport: asyncio.Transport | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._parcels: deque[QueuedParcel] = deque()
        self._replies_seen = 0
        self._buffered = 0  # bytes in our write buffer when progress was last looked at
        self._paused = self._quitting = False
        self.over = False
        self.opened: asyncio.Future[SessionEnded | None] = self._loop.create_future()
        self.candidate = candidate
        self.host = str(candidate)
        self.transactions = 0
        self.tls = ""

    # --- work ---

    def serve(self, parcel: QueuedParcel | None = None) -> None:
        """Begin ``parcel``, or the next of the queue; with none, be idle. Only while nothing is under way."""
        self._begin(parcel if parcel is not None and self._can_send(parcel) else self._next())
        self._set_deadline()

    def quit(self) -> None:
        """Say QUIT and close. Only while nothing is under way."""
        self._quitting = True
        self._pool.retire(self)
        self._write((self._conversation.quit(),))
        self._set_deadline()

    def abort(self) -> None:
        """Close without a word; parcels that were under way are lost."""
        self._end(SessionEnded(self._stage(), None, Reason.CONNECTION_LOST, "cut off"))

    def _begin(self, parcel: QueuedParcel | None) -> None:
        if parcel is not None:
            self._parcels.append(parcel)
            self._write((self._conversation.start_transaction(parcel.parcel),))
        elif not self._quitting:
            self._pool.became_idle(self)

    def _next(self) -> QueuedParcel | None:
        """The next parcel that this peer can be asked to take; says QUIT where no more should be sent here."""
        if self.transactions + len(self._parcels) >= self._limits.messages or self._pool.has_too_many():
            if not self._parcels:
                self.quit()
            return None
        while (parcel := self._pool.next_parcel()) is not None:
            if self._can_send(parcel):
                return parcel
        return None

    def _can_send(self, parcel: QueuedParcel) -> bool:
        """Whether the peer can be asked to take it at all; where it cannot, the parcel has its outcome."""
        objection = self._conversation.unsupported_reason(parcel.parcel)
        if objection is not None:
            self._pool.finish(self, parcel, self._pool.classifier.impossible(objection, self.host))
            return False
        if parcel.deadline == math.inf:
            parcel.deadline = self._loop.time() + self._limits.session.total_seconds()
        return True

    # --- what the conversation wants done ---

    def _do(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if self.over:
                return
            self._STEPS[type(action)](self, action)
        if self._replies_seen != self._conversation.reply_count and not self.over:
            self._replies_seen = self._conversation.reply_count
            self._set_deadline()

    def _send_command(self, command: SendCommand) -> None:
        self._write((command.data,))

    def _start_tls(self, _action: SecureClient) -> None:
        self._handshake = self._loop.create_task(self._secure())

    def _ready(self, _action: SessionReady) -> None:
        if not self.opened.done():
            self.opened.set_result(None)

    def _go_ahead(self, _action: GoAhead) -> None:
        """The one place where a body leaves."""
        current = self._parcels[-1]
        # The transaction cannot be taken back once DATA was answered, so a gate that stays shut costs the connection.
        if current.attempt.done() or not current.parcel.gate.open():
            self._parcels.pop()
            self._pool.withhold(current)
            self.abort()
            return
        current.body_left = True
        current.deadline = self._loop.time() + self._limits.session.total_seconds()
        following = self._next() if self._conversation.pipelining else None
        if following is not None:
            self._parcels.append(following)
        self._write(self._conversation.body(following.parcel if following else None))

    def _answered(self, answered: TransactionReply) -> None:
        parcel = self._parcels.popleft()
        self.transactions += 1
        outcome = self._pool.classifier.classify(answered.stage, answered.reply, relay=self._pool.relay)
        self._pool.finish(self, parcel, outcome)
        if not self._parcels:
            self._begin(self._next())

    def _session_ended(self, ended: SessionEnded) -> None:
        self._end(ended)

    _STEPS: ClassVar[dict[type[Action], Callable[[Any, Any], None]]] = {
        SendCommand: _send_command,
        SecureClient: _start_tls,
        SessionReady: _ready,
        GoAhead: _go_ahead,
        TransactionReply: _answered,
        SessionEnded: _session_ended,
    }

    async def _secure(self) -> None:
        """The handshake of STARTTLS."""
        raw = self._transport
        if raw is None:
            return
        try:
            secured = await self._loop.start_tls(
                raw,
                self,
                self._context,
                server_hostname=self.candidate.host,
                ssl_handshake_timeout=self._limits.tls.total_seconds(),
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        except (OSError, ValueError) as error:
            self._end(SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, describe_error(error)))
            return
        if secured is None or self.over:
            self._end(SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, "the handshake came to nothing"))
            return
        self._transport = secured
        self.tls = describe_session(secured.get_extra_info("ssl_object"))
        self._do(self._conversation.finish_handshake())
        self._set_deadline()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open; the greeting is awaited."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.socket_opened(self)
        self.tls = describe_session(transport.get_extra_info("ssl_object"))
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._do(self._conversation.receive(data))

    def pause_writing(self) -> None:
        """The peer reads slower than we write."""
        self._paused = True
        self._buffered = self._transport.get_write_buffer_size() if self._transport else 0

    def resume_writing(self) -> None:
        """What was written has nearly left."""
        self._paused = False
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        reason = Reason.TLS_FAILED if self._stage() is AttemptStage.TLS else Reason.CONNECTION_LOST
        self._end(SessionEnded(self._stage(), None, reason, describe_error(exc) if exc else "the peer closed the connection"))
        if self._timer is not None:
            self._timer.cancel()
        self._pool.socket_closed(self)

    # --- time and the end ---

    def _stage(self) -> AttemptStage:
        if self._handshake is not None and not self._handshake.done():
            return AttemptStage.TLS
        stage = self._conversation.stage
        return AttemptStage.BODY if self._paused and stage is AttemptStage.DOT else stage

    def _write(self, pieces: Sequence[bytes]) -> None:
        if self._transport is not None and not self.over:
            self._transport.writelines(pieces)

    def _set_deadline(self) -> None:
        """A new deadline, from what is awaited now; the timer moves only where it would come too late."""
        if self.over:
            return
        stage, until = self._stage(), self._loop.time()
        if self._quitting:
            until += self._limits.quit.total_seconds()
        elif self._parcels:
            until += self._seconds[stage]
            if stage is not AttemptStage.DOT:
                until = min(until, self._parcels[0].deadline)
        elif self.opened.done():
            until += self._limits.idle.total_seconds()
        else:
            until += self._seconds[stage]
        self._deadline = until
        if self._timer is None or self._timer.when() > until:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(until, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._on_timer)
        elif self._has_progress():
            self._set_deadline()
        elif self._quitting or self._parcels or not self.opened.done():
            self._end(SessionEnded(self._stage(), None, Reason.TIMED_OUT, "no answer in time"))
        else:
            self.quit()

    def _has_progress(self) -> bool:
        """Whether a body that is still leaving, and may, has come further since the last look."""
        if not (self._paused and self._parcels) or self._transport is None or self._loop.time() >= self._parcels[0].deadline:
            return False
        before, self._buffered = self._buffered, self._transport.get_write_buffer_size()
        return self._buffered < before

    def _end(self, ended: SessionEnded) -> None:
        """The end, once: the socket closes, and what was under way is lost."""
        if self.over:
            return
        self.over = True
        self._close(ended)
        if not self._quitting:
            self._pool.retire(self)
        if not self.opened.done():
            self.opened.set_result(ended)
        parcels, self._parcels = self._parcels, deque()
        for parcel in parcels:
            self._pool.session_ended(self, parcel, ended)
            # Counted after the first: the end may be about that one, while one that waited behind it is requeued.
            self.transactions += 1

    def _close(self, ended: SessionEnded) -> None:
        """With QUIT where the peer still talks to us, and never waiting long for it to read that."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._handshake is not None and self._handshake is not asyncio.current_task(self._loop):
            self._handshake.cancel()
        if self._transport is None:
            return
        if ended.reply is None or self._paused:
            self._transport.abort()
            return
        if ended.reply.code != 421 and not self._quitting:
            self._transport.write(b"QUIT\r\n")
        self._transport.close()
        self._timer = self._loop.call_later(self._limits.quit.total_seconds(), self._transport.abort)
