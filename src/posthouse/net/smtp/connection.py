"""One SMTP connection: the socket under a conversation, and the deliveries on it.

The driver is thin: it hands bytes to ``mail.smtp.client``, does what the actions say, opens the gate before a
body, and keeps time. What an answer means it does not ask; what becomes of a delivery its pool decides.

Theory of operation. A connection pulls: when it has nothing under way, and again when a body is about to leave
(so that the next envelope shares its write), it takes the next errand from its pool. At most two errands are on it,
the older one waiting for the answer to its dot. One timer is kept and moved lazily: setting a later deadline
costs an assignment. A deadline is set when an answer has come, never by mere bytes, so that a peer that drips one byte
a second gains nothing.

Known sharp edges: what is lost after the gate was opened is in doubt even where the dot can hardly have left this
machine. A peer that closes while idle is noticed at once, but its FIN may cross our next MAIL: such an errand goes back.
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
from posthouse.net.smtp.tls import SHUTDOWN_SECONDS, describe, in_words
from posthouse.policy.deliver import classify


class SmtpConnection(asyncio.Protocol):
    """``opened``: None once the session is open, else why it could not be. ``served``: how many answers were had.

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
        self._errands: deque[QueuedParcel] = deque()
        self._heard = 0
        self._unsent = 0  # bytes in our buffer when its progress was last looked at
        self._paused = self._quitting = False
        self.over = False
        self.opened: asyncio.Future[SessionEnded | None] = self._loop.create_future()
        self.candidate = candidate
        self.served = 0
        self.tls = ""

    # --- work ---

    def serve(self, errand: QueuedParcel | None = None) -> None:
        """Begin ``errand``, or the next of the line; with none, be idle. Only while nothing is under way."""
        self._begin(errand if errand is not None and self._can(errand) else self._next())
        self._watch()

    def quit(self) -> None:
        """Say goodbye and close. Only while nothing is under way."""
        self._quitting = True
        self._pool.gone(self)
        self._write((self._conversation.quit(),))
        self._watch()

    def abort(self) -> None:
        """Close without a word; errands that were under way are lost."""
        self._leave(SessionEnded(self._stage(), None, Reason.CONNECTION_LOST, "cut off"))

    def _begin(self, errand: QueuedParcel | None) -> None:
        if errand is not None:
            self._errands.append(errand)
            self._write((self._conversation.start_transaction(errand.parcel),))
        elif not self._quitting:
            self._pool.idle(self)

    def _next(self) -> QueuedParcel | None:
        """The next errand that this peer can be asked to take; says goodbye where no more should be taken here."""
        if self.served + len(self._errands) >= self._limits.messages or self._pool.crowded():
            if not self._errands:
                self.quit()
            return None
        while (errand := self._pool.take()) is not None:
            if self._can(errand):
                return errand
        return None

    def _can(self, errand: QueuedParcel) -> bool:
        objection = self._conversation.unsupported_reason(errand.parcel)
        if objection is not None:
            self._pool.settle(self, errand, classify.impossible(objection, str(self.candidate)))
            return False
        if errand.until == math.inf:
            errand.until = self._loop.time() + self._limits.session.total_seconds()
        return True

    # --- what the conversation asks for ---

    def _obey(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if self.over:
                return
            self._DO[type(action)](self, action)
        if self._heard != self._conversation.reply_count and not self.over:
            self._heard = self._conversation.reply_count
            self._watch()

    def _say(self, say: SendCommand) -> None:
        self._write((say.data,))

    def _start_tls(self, _action: SecureClient) -> None:
        self._handshake = self._loop.create_task(self._secure())

    def _ready(self, _action: SessionReady) -> None:
        if not self.opened.done():
            self.opened.set_result(None)

    def _go_ahead(self, _action: GoAhead) -> None:
        """The one place where a body leaves."""
        errand = self._errands[-1]
        if errand.answer.done() or not errand.parcel.gate.open():
            self._errands.pop()
            self._pool.withheld(self, errand)
            self.abort()
            return
        errand.left = True
        errand.until = self._loop.time() + self._limits.session.total_seconds()
        following = self._next() if self._conversation.pipelining else None
        if following is not None:
            self._errands.append(following)
        self._write(self._conversation.body(following.parcel if following else None))

    def _answered(self, answered: TransactionReply) -> None:
        errand = self._errands.popleft()
        self.served += 1
        self._pool.settle(self, errand, classify.classify(answered.stage, answered.reply, relay=self._pool.relay))
        if not self._errands:
            self._begin(self._next())

    def _ended(self, ended: SessionEnded) -> None:
        self._leave(ended)

    _DO: ClassVar[dict[type[Action], Callable[[Any, Any], None]]] = {
        SendCommand: _say,
        SecureClient: _start_tls,
        SessionReady: _ready,
        GoAhead: _go_ahead,
        TransactionReply: _answered,
        SessionEnded: _ended,
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
            self._leave(SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, in_words(error)))
            return
        if secured is None or self.over:
            self._leave(SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, "the handshake came to nothing"))
            return
        self._transport = secured
        self.tls = describe(secured.get_extra_info("ssl_object"))
        self._obey(self._conversation.finish_handshake())
        self._watch()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open; the greeting is awaited."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.made(self)
        self.tls = describe(transport.get_extra_info("ssl_object"))
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._obey(self._conversation.receive(data))

    def pause_writing(self) -> None:
        """The peer reads slower than we write."""
        self._paused = True
        self._unsent = self._transport.get_write_buffer_size() if self._transport else 0

    def resume_writing(self) -> None:
        """What was written has nearly left."""
        self._paused = False
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        reason = Reason.TLS_FAILED if self._stage() is AttemptStage.TLS else Reason.CONNECTION_LOST
        self._leave(SessionEnded(self._stage(), None, reason, in_words(exc) if exc else "the peer closed the connection"))
        if self._timer is not None:
            self._timer.cancel()
        self._pool.closed(self)

    # --- time and the end ---

    def _stage(self) -> AttemptStage:
        if self._handshake is not None and not self._handshake.done():
            return AttemptStage.TLS
        stage = self._conversation.stage
        return AttemptStage.BODY if self._paused and stage is AttemptStage.DOT else stage

    def _write(self, pieces: Sequence[bytes]) -> None:
        if self._transport is not None and not self.over:
            self._transport.writelines(pieces)

    def _watch(self) -> None:
        """A new deadline, from what is awaited now; the timer moves only where it would come too late."""
        if self.over:
            return
        stage, until = self._stage(), self._loop.time()
        if self._quitting:
            until += self._limits.quit.total_seconds()
        elif self._errands:
            until += self._seconds[stage]
            if stage is not AttemptStage.DOT:
                until = min(until, self._errands[0].until)
        elif self.opened.done():
            until += self._limits.idle.total_seconds()
        else:
            until += self._seconds[stage]
        self._deadline = until
        if self._timer is None or self._timer.when() > until:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(until, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._ring)
        elif self._moved():
            self._watch()
        elif self._quitting or self._errands or not self.opened.done():
            self._leave(SessionEnded(self._stage(), None, Reason.TIMED_OUT, "no answer in time"))
        else:
            self.quit()

    def _moved(self) -> bool:
        """Whether a body that is still leaving, and may, has come further since the last look."""
        if not (self._paused and self._errands) or self._transport is None or self._loop.time() >= self._errands[0].until:
            return False
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        return self._unsent < before

    def _leave(self, ended: SessionEnded) -> None:
        """The end, once: the socket closes, and what was under way is lost."""
        if self.over:
            return
        self.over = True
        self._close(ended)
        if not self._quitting:
            self._pool.gone(self)
        if not self.opened.done():
            self.opened.set_result(ended)
        errands, self._errands = self._errands, deque()
        for errand in errands:
            self._pool.lost(self, errand, ended)
            self.served += 1  # the first was met by the end; one that waited behind it goes back to the line

    def _close(self, ended: SessionEnded) -> None:
        """With a word where the peer still talks to us, and never waiting long for it to hear."""
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
