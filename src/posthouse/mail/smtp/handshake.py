"""The beginning of a session, from the greeting to the moment at which mail may be sent: EHLO, STARTTLS, AUTH.

RFC 5321 section 3.1 and 3.2, 3207 (STARTTLS), 4954 (AUTH PLAIN and LOGIN). Sans-IO, a table: command → what its reply
causes, which is one action. Also the actions that a conversation asks its driver to do.

Known sharp edges: whether a password may go over this socket in clear is decided by whoever makes the ``SessionTerms``
(``TlsUse.REQUIRED`` never sends one before the handshake). STARTTLS that is offered and then refused (454) is not
tried again: with ``OFFERED`` the session goes on in clear, with ``REQUIRED`` it ends.
"""

import base64
import re
from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from posthouse.mail.smtp.reply import Reply
from posthouse.model.outcome import AttemptStage, Reason

_HELLO_NAME: Final = re.compile(r"[A-Za-z0-9.:_\[\]-]{1,255}")


class TlsUse(StrEnum):
    """Whether a session is to be encrypted by STARTTLS: never, when it is offered, or else not at all."""

    NEVER = "never"
    OFFERED = "offered"
    REQUIRED = "required"


class SessionTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How a session is to be opened. ``secured``: the socket was encrypted from its first byte. With a username we log in."""

    hostname: str
    tls: TlsUse = TlsUse.OFFERED
    secured: bool = False
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Never the password."""
        return f"SessionTerms({self.hostname}, tls={self.tls}, login={bool(self.username)})"


class SmtpCommand(StrEnum):
    """What a reply answers."""

    GREETING = "greeting"
    EHLO = "ehlo"
    HELO = "helo"
    STARTTLS = "starttls"
    AUTH = "auth"
    RSET = "rset"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    SINGLE_DOT = "single dot"
    QUIT = "quit"


STAGES: Final = {
    SmtpCommand.GREETING: AttemptStage.GREETING,
    SmtpCommand.EHLO: AttemptStage.HELLO,
    SmtpCommand.HELO: AttemptStage.HELLO,
    SmtpCommand.STARTTLS: AttemptStage.TLS,
    SmtpCommand.AUTH: AttemptStage.AUTH,
    SmtpCommand.RSET: AttemptStage.MAIL,
    SmtpCommand.MAIL: AttemptStage.MAIL,
    SmtpCommand.RCPT: AttemptStage.RCPT,
    SmtpCommand.DATA: AttemptStage.DATA,
    SmtpCommand.DOT: AttemptStage.DOT,
    SmtpCommand.SINGLE_DOT: AttemptStage.DATA,
    SmtpCommand.QUIT: AttemptStage.MAIL,
}


class SendCommand(msgspec.Struct, frozen=True):
    """Write this; the next reply answers ``command``."""

    data: bytes
    command: SmtpCommand


class SecureClient(msgspec.Struct, frozen=True):
    """Do the TLS handshake, then call ``finish_handshake``."""


class SessionReady(msgspec.Struct, frozen=True):
    """The session is open: ``start_transaction`` may be called."""


class GoAhead(msgspec.Struct, frozen=True):
    """The peer is ready for the body: call ``body``, or drop the connection."""


class TransactionReply(msgspec.Struct, frozen=True):
    """The oldest transaction has its answer, given at ``stage``."""

    stage: AttemptStage
    reply: Reply


class SessionEnded(msgspec.Struct, frozen=True):
    """The session is over: close. The reply says why; without one, ``reason`` and ``text`` do."""

    stage: AttemptStage
    reply: Reply | None = None
    reason: Reason = Reason.PROTOCOL_ERROR
    text: str = ""


Action = SendCommand | SecureClient | SessionReady | GoAhead | TransactionReply | SessionEnded


def command_line(command: SmtpCommand, line: str) -> SendCommand:
    """One command."""
    return SendCommand(f"{line}\r\n".encode(), command)


class Handshake:
    """The first part of a session; ``extensions`` are what the last EHLO offered (RFC 5321 section 4.1.1.1)."""

    def __init__(self, terms: SessionTerms) -> None:
        """ValueError where the hostname cannot stand in EHLO."""
        if not _HELLO_NAME.fullmatch(terms.hostname):
            raise ValueError("the hostname cannot stand in EHLO")
        self._terms = terms
        self._encrypted = terms.secured
        self._secrets: list[str] = []
        self.extensions: dict[str, str] = {}

    def finish_handshake(self) -> SendCommand:
        """The handshake is done; what was offered before it does not count (RFC 3207 section 4.2)."""
        self._encrypted, self.extensions = True, {}
        return self._hello("EHLO", SmtpCommand.EHLO)

    def handle_reply(self, command: SmtpCommand, reply: Reply) -> Action:
        """What a reply causes."""
        return self._TABLE[command](self, reply)

    def _hello(self, verb: str, command: SmtpCommand) -> SendCommand:
        return command_line(command, f"{verb} {self._terms.hostname}")

    def _greeting(self, reply: Reply) -> Action:
        return self._hello("EHLO", SmtpCommand.EHLO) if reply.kind == 2 else SessionEnded(AttemptStage.GREETING, reply)

    def _ehlo(self, reply: Reply) -> Action:
        if reply.kind == 5 and not self._encrypted:  # RFC 5321 section 3.2: an old server
            return self._hello("HELO", SmtpCommand.HELO)
        self.extensions = _extensions(reply)
        return self._helo(reply)

    def _helo(self, reply: Reply) -> Action:
        if reply.kind != 2:
            return SessionEnded(AttemptStage.HELLO, reply)
        if self._encrypted or self._terms.tls is TlsUse.NEVER:
            return self._log_in()
        if "STARTTLS" in self.extensions:
            return command_line(SmtpCommand.STARTTLS, "STARTTLS")
        if self._terms.tls is TlsUse.REQUIRED:
            return SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, "STARTTLS is not offered")
        return self._log_in()

    def _starttls(self, reply: Reply) -> Action:
        if reply.kind == 2:
            return SecureClient()
        return SessionEnded(AttemptStage.TLS, reply) if self._terms.tls is TlsUse.REQUIRED else self._log_in()

    def _log_in(self) -> Action:
        """PLAIN in one line; LOGIN for servers that offer nothing else."""
        user, password = self._terms.username, self._terms.password
        offered = self.extensions.get("AUTH", "").upper().split()
        if not user:
            return SessionReady()
        if "PLAIN" in offered:
            self._secrets = []
            return command_line(SmtpCommand.AUTH, "AUTH PLAIN " + _base64(f"\0{user}\0{password}"))
        if "LOGIN" in offered:
            self._secrets = [_base64(password), _base64(user)]
            return command_line(SmtpCommand.AUTH, "AUTH LOGIN")
        return SessionEnded(AttemptStage.AUTH, None, Reason.AUTH_FAILED, "neither AUTH PLAIN nor LOGIN is offered")

    def _auth(self, reply: Reply) -> Action:
        if reply.kind == 3 and self._secrets:
            return command_line(SmtpCommand.AUTH, self._secrets.pop())
        return SessionReady() if reply.kind == 2 else SessionEnded(AttemptStage.AUTH, reply)

    _TABLE: ClassVar = {
        SmtpCommand.GREETING: _greeting,
        SmtpCommand.EHLO: _ehlo,
        SmtpCommand.HELO: _helo,
        SmtpCommand.STARTTLS: _starttls,
        SmtpCommand.AUTH: _auth,
    }


def _base64(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


def _extensions(reply: Reply) -> dict[str, str]:
    """Keywords (upper case) and their parameters, from the second line on; ``AUTH=PLAIN`` is the old spelling."""
    extensions: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, value = line.replace("=", " ", 1).strip().partition(" ")
        extensions.setdefault(keyword.upper(), value.strip())
    return extensions
