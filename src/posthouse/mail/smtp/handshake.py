"""How does a session begin? From the greeting to the moment at which mail may be sent: EHLO, STARTTLS, AUTH.

RFC 5321 section 3.1 and 3.2, 3207 (STARTTLS), 4954 (AUTH PLAIN and LOGIN). Sans-IO, a table: what was asked → what its
answer causes, which is one action. Also the words in which a conversation speaks to its driver.

Known sharp edges: whether a password may go over this socket in clear is decided by whoever makes the ``Terms``
(``TlsUse.REQUIRED`` never sends one before the handshake). STARTTLS that is offered and then refused (454) is not
asked for again: with ``OFFERED`` the session goes on in clear, with ``REQUIRED`` it ends.
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
    """On what terms we talk. ``secured``: the socket was encrypted from its first byte. With a username we log in."""

    hostname: str
    tls: TlsUse = TlsUse.OFFERED
    secured: bool = False
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Never the password."""
        return f"Terms({self.hostname}, tls={self.tls}, login={bool(self.username)})"


class SmtpCommand(StrEnum):
    """What a reply will be an answer to."""

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
    LONE_DOT = "lone dot"
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
    SmtpCommand.LONE_DOT: AttemptStage.DATA,
    SmtpCommand.QUIT: AttemptStage.MAIL,
}


class SendCommand(msgspec.Struct, frozen=True):
    """Write this; the answer will be one to ``asked``."""

    data: bytes
    asked: SmtpCommand


class SecureClient(msgspec.Struct, frozen=True):
    """Do the handshake, then call ``secured``."""


class SessionReady(msgspec.Struct, frozen=True):
    """The session is open: transactions may ``begin``."""


class GoAhead(msgspec.Struct, frozen=True):
    """The peer wants the body: call ``body``, or drop the connection."""


class TransactionReply(msgspec.Struct, frozen=True):
    """The oldest transaction has its answer, given at ``stage``."""

    stage: AttemptStage
    reply: Reply


class SessionEnded(msgspec.Struct, frozen=True):
    """The session is over: close. With a reply, that is why; else ``reason`` and ``text`` say it."""

    stage: AttemptStage
    reply: Reply | None = None
    reason: Reason = Reason.PROTOCOL_ERROR
    text: str = ""


Action = SendCommand | SecureClient | SessionReady | GoAhead | TransactionReply | SessionEnded


def ask(asked: SmtpCommand, line: str) -> SendCommand:
    """One command."""
    return SendCommand(f"{line}\r\n".encode(), asked)


class Handshake:
    """The first part of a session; ``extensions`` are what the last EHLO offered (RFC 5321 section 4.1.1.1)."""

    def __init__(self, terms: SessionTerms) -> None:
        """Nothing was heard. ValueError where the hostname cannot be said in EHLO."""
        if not _HELLO_NAME.fullmatch(terms.hostname):
            raise ValueError("the hostname cannot be said in EHLO")
        self._terms = terms
        self._secured = terms.secured
        self._secrets: list[str] = []
        self.extensions: dict[str, str] = {}

    def secured(self) -> SendCommand:
        """The handshake is done; what was offered before it does not count (RFC 3207 section 4.2)."""
        self._secured, self.extensions = True, {}
        return self._hello("EHLO", SmtpCommand.EHLO)

    def take(self, asked: SmtpCommand, reply: Reply) -> Action:
        """What the answer causes."""
        return self._TABLE[asked](self, reply)

    def _hello(self, verb: str, asked: SmtpCommand) -> SendCommand:
        return ask(asked, f"{verb} {self._terms.hostname}")

    def _greeting(self, reply: Reply) -> Action:
        return self._hello("EHLO", SmtpCommand.EHLO) if reply.kind == 2 else SessionEnded(AttemptStage.GREETING, reply)

    def _ehlo(self, reply: Reply) -> Action:
        if reply.kind == 5 and not self._secured:  # RFC 5321 section 3.2: an old server
            return self._hello("HELO", SmtpCommand.HELO)
        self.extensions = _extensions(reply)
        return self._helo(reply)

    def _helo(self, reply: Reply) -> Action:
        if reply.kind != 2:
            return SessionEnded(AttemptStage.HELLO, reply)
        if self._secured or self._terms.tls is TlsUse.NEVER:
            return self._log_in()
        if "STARTTLS" in self.extensions:
            return ask(SmtpCommand.STARTTLS, "STARTTLS")
        if self._terms.tls is TlsUse.REQUIRED:
            return SessionEnded(AttemptStage.TLS, None, Reason.TLS_FAILED, "STARTTLS is not offered")
        return self._log_in()

    def _starttls(self, reply: Reply) -> Action:
        if reply.kind == 2:
            return SecureClient()
        return SessionEnded(AttemptStage.TLS, reply) if self._terms.tls is TlsUse.REQUIRED else self._log_in()

    def _log_in(self) -> Action:
        """PLAIN in one line; LOGIN for the servers that know no better."""
        user, password = self._terms.username, self._terms.password
        offered = self.extensions.get("AUTH", "").upper().split()
        if not user:
            return SessionReady()
        if "PLAIN" in offered:
            self._secrets = []
            return ask(SmtpCommand.AUTH, "AUTH PLAIN " + _base64(f"\0{user}\0{password}"))
        if "LOGIN" in offered:
            self._secrets = [_base64(password), _base64(user)]
            return ask(SmtpCommand.AUTH, "AUTH LOGIN")
        return SessionEnded(AttemptStage.AUTH, None, Reason.AUTH_FAILED, "neither AUTH PLAIN nor LOGIN is offered")

    def _auth(self, reply: Reply) -> Action:
        if reply.kind == 3 and self._secrets:
            return ask(SmtpCommand.AUTH, self._secrets.pop())
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
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, value = line.replace("=", " ", 1).strip().partition(" ")
        found.setdefault(keyword.upper(), value.strip())
    return found
