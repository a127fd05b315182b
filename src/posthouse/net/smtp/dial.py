"""How is a session opened? One candidate after the other, encrypted as the terms say, within one budget.

A host that cannot be used (no connection, a greeting of 4xx or 5xx, no TLS where it is required, junk) is not
yet an outcome: the next one is tried. When none is left, the first that gave an SMTP reply is believed.

Opportunistic TLS (RFC 7435): where the handshake fails the host is tried again in a *new* connection, in clear, and
without TLS for half an hour. Whoever speaks out of turn around STARTTLS gets no second, unencrypted chance.

Known sharp edges: candidates are tried one at a time, so a destination whose first addresses swallow packets
costs ``Limits.connect`` for each.
"""

import asyncio
import ssl
from collections.abc import Iterable

import msgspec

from posthouse.mail.smtp.client import ClientConversation
from posthouse.mail.smtp.handshake import SessionEnded, SessionTerms, TlsUse
from posthouse.model.clock import Clock
from posthouse.model.outcome import AttemptStage, Outcome, Reason
from posthouse.net.smtp.connection import SmtpConnection
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.smtp.pool import Candidate, ConnectionPool
from posthouse.net.smtp.tls import SHUTDOWN_SECONDS, PlainHosts, describe_error


class NotOpened(msgspec.Struct, frozen=True):
    """Why there is no session, and which host it was."""

    outcome: Outcome
    host: str = ""

    def is_too_many(self) -> bool:
        """Whether they turned us away at the greeting, for now (421)."""
        diagnosis = self.outcome.diagnosis
        return diagnosis.reply_code == 421 and diagnosis.stage in (AttemptStage.GREETING, AttemptStage.HELLO)


class Dialler:
    """Opens sessions on the same terms; ``context`` says what of a certificate is checked."""

    def __init__(
        self, terms: SessionTerms, context: ssl.SSLContext, limits: TransportLimits, clock: Clock, plain: PlainHosts
    ) -> None:
        """``terms.secured``: TLS from the first byte (RFC 8314)."""
        self._terms = terms
        self._context = context
        self._limits = limits
        self._clock = clock
        self._plain = plain

    async def dial(self, candidates: Iterable[Candidate], pool: ConnectionPool, seconds: float) -> SmtpConnection | NotOpened:
        """A session with the first candidate that will have one, else why none would; within ``seconds``."""
        no_answer = pool.classifier.no_answer
        failure = NotOpened(no_answer(AttemptStage.CONNECT, Reason.CONNECT_FAILED, "there is no host to try", relay=pool.relay))
        has_reply = False
        try:
            async with asyncio.timeout(seconds):
                for candidate in candidates:
                    result = await self._try(candidate, pool)
                    if isinstance(result, SmtpConnection):
                        return result
                    if not has_reply:
                        failure = NotOpened(classify_end(result, candidate, pool), str(candidate))
                        has_reply = result.reply is not None
        except TimeoutError:
            return NotOpened(no_answer(AttemptStage.CONNECT, Reason.TIMED_OUT, "no host answered in time", relay=pool.relay))
        return failure

    async def _try(self, candidate: Candidate, pool: ConnectionPool) -> SmtpConnection | SessionEnded:
        """With TLS as the terms say; once more without, where that is allowed."""
        terms = self._terms
        if terms.tls is TlsUse.OFFERED and self._plain.is_plain(candidate.host, self._clock.monotonic()):
            terms = msgspec.structs.replace(terms, tls=TlsUse.NEVER)
        result = await self._open(candidate, terms, pool)
        if isinstance(result, SmtpConnection) or terms.tls is not TlsUse.OFFERED or terms.secured:
            return result
        if result.stage is not AttemptStage.TLS or result.reason is Reason.PROTOCOL_ERROR:
            return result
        self._plain.remember(candidate.host, self._clock.monotonic())
        return await self._open(candidate, msgspec.structs.replace(terms, tls=TlsUse.NEVER), pool)

    async def _open(self, candidate: Candidate, terms: SessionTerms, pool: ConnectionPool) -> SmtpConnection | SessionEnded:
        """One connection, from the socket to SessionReady."""
        connection = SmtpConnection(pool, candidate, ClientConversation(terms), self._context, self._limits)
        try:
            await self._connect(connection, candidate, secured=terms.secured)
            ended = await connection.opened
        except TimeoutError:
            return SessionEnded(AttemptStage.CONNECT, None, Reason.TIMED_OUT, "no connection in time")
        except ssl.SSLError as error:
            return SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, describe_error(error))
        except OSError as error:
            return SessionEnded(AttemptStage.CONNECT, None, Reason.CONNECT_FAILED, describe_error(error))
        except asyncio.CancelledError:
            connection.abort()
            raise
        if ended is None and connection.over:
            return SessionEnded(AttemptStage.HELLO, None, Reason.CONNECTION_LOST, "the peer closed the connection")
        return ended or connection

    async def _connect(self, connection: SmtpConnection, candidate: Candidate, *, secured: bool) -> None:
        loop = asyncio.get_running_loop()
        address, port = candidate.address, candidate.port
        if not secured:
            async with asyncio.timeout(self._limits.connect.total_seconds()):
                await loop.create_connection(lambda: connection, address, port)
            return
        async with asyncio.timeout((self._limits.connect + self._limits.tls).total_seconds()):
            await loop.create_connection(
                lambda: connection,
                address,
                port,
                ssl=self._context,
                server_hostname=candidate.host,
                ssl_handshake_timeout=self._limits.tls.total_seconds(),
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )


def classify_end(ended: SessionEnded, candidate: Candidate, pool: ConnectionPool) -> Outcome:
    """What the end of a session means where nothing had left."""
    if ended.reply is not None:
        return pool.classifier.classify(ended.stage, ended.reply, relay=pool.relay)
    return pool.classifier.no_answer(ended.stage, ended.reason, f"{candidate}: {ended.text}", relay=pool.relay)
