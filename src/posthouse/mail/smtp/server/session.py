"""What each SMTP command does, at submission or reception: the state of one session and the replies. No octets, no socket.

RFC 6409 (submission) on RFC 5321; STARTTLS (RFC 3207), AUTH (RFC 4954), SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC
6531), ENHANCEDSTATUSCODES (RFC 2034). CHUNKING and BINARYMIME are not offered. Which command may come when is in ``stage``; how
commands and messages are read from octets is in ``conversation``. It must never know time, credentials or what becomes of a
message.

Known sharp edges: MAIL's path is checked and otherwise unused, since our return path replaces it; a recipient named twice is one
recipient.
"""

from collections.abc import Callable
from enum import Enum
from typing import ClassVar

import msgspec

from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import (
    Action,
    Authenticate,
    CloseSession,
    LoginResult,
    ReceivedMessage,
    SecureServer,
    SessionLimits,
    WriteReply,
)
from posthouse.mail.smtp.server.command import CommandFault, SenderArgument, Transaction, read_mail, read_rcpt
from posthouse.mail.smtp.server.login import LoginExchange, LoginStep
from posthouse.mail.smtp.server.stage import ALLOWED, ENDS_SESSION, NEEDS_LOGIN, ServerStage
from posthouse.model.mailbox import Mailbox

Actions = list[Action]


class ServerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the server offers. ``starttls``: a certificate is there; ``encrypted``: TLS since the first octet.

    ``loopback``: the peer is on this machine and may log in without TLS. ``check_recipient``: at reception (RFC 5321) nobody logs
    in, and this gives the reply that refuses a recipient, None where it is ours; None at submission.
    """

    hostname: str
    limits: SessionLimits
    starttls: bool
    encrypted: bool
    loopback: bool
    check_recipient: Callable[[Mailbox], bytes | None] | None = None


class ExpectedInput(Enum):
    """What the next octets are."""

    COMMAND = "a command"
    LOGIN_RESPONSE = "a response to AUTH"
    MESSAGE = "the message after DATA"
    HANDSHAKE = "the TLS handshake, which the driver reads"


class ServerSession:
    """``waiting``: the driver still owes the result of a login or a message; ``closed``: nothing follows any more."""

    def __init__(self, terms: ServerTerms) -> None:
        self.waiting = False
        self.closed = False
        self.expected = ExpectedInput.COMMAND
        self._terms = terms
        self._encrypted = terms.encrypted
        self._logged_in = self._is_reception
        self._login = LoginExchange()
        self._stopping = False
        self._errors = 0
        self._failed_logins = 0
        self._messages = 0
        self._reset_transaction(ServerStage.CONNECTED)

    # Events that are no commands.

    def greet(self) -> Actions:
        """The greeting, once the connection stands."""
        return [WriteReply(f"220 {self._terms.hostname} ESMTP Posthouse\r\n".encode("ascii", "replace"))]

    def finish_handshake(self) -> Actions:
        """The connection is encrypted: whatever the client said before does not count (RFC 3207 section 4.2)."""
        self._encrypted = True
        self._logged_in = self._is_reception
        self.expected = ExpectedInput.COMMAND
        self._reset_transaction(ServerStage.CONNECTED)
        return []

    def finish_login(self, result: LoginResult) -> Actions:
        """The result of a login."""
        self.waiting = False
        self._logged_in = result is LoginResult.GRANTED
        if self._logged_in:
            return [WriteReply(reply.LOGGED_IN)]
        if result is LoginResult.UNKNOWN:
            return [WriteReply(reply.STORE_DOWN)]
        self._failed_logins += 1
        if self._failed_logins < self._terms.limits.failed_logins:
            return [WriteReply(reply.WRONG_LOGIN)]
        return self.close(reply.WRONG_LOGIN, reply.ENOUGH_ERRORS)

    def receive_message(self, data: bytes) -> Actions:
        """The whole message after DATA."""
        self.waiting = True
        self.expected = ExpectedInput.COMMAND
        return [ReceivedMessage(self._transaction.envelope(), data)]

    def skip_message(self) -> Actions:
        """The end of a message that was too large and was refused already."""
        self.expected = ExpectedInput.COMMAND
        self._reset_transaction(ServerStage.READY)
        return []

    def finish_message(self, answer: bytes) -> Actions:
        """The complete reply to a message."""
        self.waiting = False
        self._messages += 1
        if answer.startswith(b"2"):
            self._errors = 0
        self._reset_transaction(ServerStage.READY)
        return [WriteReply(answer)]

    def respond_to_login(self, line: bytes) -> Actions:
        """A line of the exchange that AUTH began."""
        return self._continue_login(self._login.respond(line))

    def stop(self) -> None:
        """No new transaction begins; ``is_idle_while_stopping`` says when to close."""
        self._stopping = True

    @property
    def is_idle_while_stopping(self) -> bool:
        """Whether we are shutting down and no transaction is open."""
        is_between = self._stage in {ServerStage.CONNECTED, ServerStage.READY} and not self.waiting
        return self._stopping and is_between and not self.closed

    def refuse(self, refusal: bytes) -> Actions:
        """A reply that refuses; too many of them end the session."""
        self._errors += 1
        if self._errors >= self._terms.limits.bad_commands:
            return self.close(refusal, reply.ENOUGH_ERRORS)
        return [WriteReply(refusal)]

    def close(self, *replies: bytes) -> Actions:
        """The last replies, and the end."""
        self.closed = True
        return [*map(WriteReply, replies), CloseSession()]

    # Commands.

    def execute(self, verb: bytes, argument: bytes) -> Actions:
        """One command; ``verb`` in upper case."""
        if verb not in ALLOWED[self._stage] or (verb in NEEDS_LOGIN and not self._logged_in):
            return self._refuse_command(verb)
        try:
            return self._COMMANDS[verb](self, argument.decode().strip(" "))
        except UnicodeDecodeError:
            return self.refuse(reply.NOT_UTF8)

    def _ehlo(self, argument: str) -> Actions:
        extensions = ["PIPELINING", f"SIZE {self._terms.limits.message}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self._terms.starttls and not self._encrypted:
            extensions.append("STARTTLS")
        if self._allows_login and not self._is_reception:
            extensions.append("AUTH PLAIN LOGIN")
        return self._hello(argument, extensions)

    def _helo(self, argument: str) -> Actions:
        return self._hello(argument, [])

    def _hello(self, name: str, extensions: list[str]) -> Actions:
        if not name:
            return self.refuse(reply.HOSTNAME_REQUIRED)
        self._reset_transaction(ServerStage.READY)
        return [WriteReply(reply.hello_reply([self._terms.hostname, *extensions]))]

    def _starttls(self, argument: str) -> Actions:
        if argument:
            return self.refuse(reply.NO_ARGUMENT)
        if self._encrypted:
            return self.refuse(reply.OUT_OF_ORDER)
        if not self._terms.starttls:
            return self.refuse(reply.NOT_OFFERED)
        self.expected = ExpectedInput.HANDSHAKE
        return [WriteReply(reply.TLS_READY), SecureServer()]

    def _auth(self, argument: str) -> Actions:
        if self._logged_in:
            return self.refuse(reply.OUT_OF_ORDER)
        if not self._allows_login:
            return self.refuse(reply.TLS_FIRST)
        self._login = LoginExchange()
        return self._continue_login(self._login.start(argument))

    def _continue_login(self, step: LoginStep) -> Actions:
        if isinstance(step, bytes):
            self.expected = ExpectedInput.LOGIN_RESPONSE
            return [WriteReply(step)]
        self.expected = ExpectedInput.COMMAND
        if isinstance(step, CommandFault):
            return self.refuse(step.reply)
        self.waiting = True
        return [Authenticate(step)]

    def _mail(self, argument: str) -> Actions:
        if self._stopping:
            return self.close(reply.STOPPING)
        if self._messages >= self._terms.limits.messages:
            return self.close(reply.ENOUGH_MESSAGES)
        sender = read_mail(argument)
        if isinstance(sender, CommandFault):
            return self.refuse(sender.reply)
        if sender.size > self._terms.limits.message:
            return [WriteReply(reply.TOO_LARGE)]
        self._transaction, self._stage = Transaction(sender), ServerStage.SENDER
        return [WriteReply(reply.SENDER_OK)]

    def _rcpt(self, argument: str) -> Actions:
        mailbox = read_rcpt(argument, smtputf8=self._transaction.sender.smtputf8)
        if isinstance(mailbox, CommandFault):
            return self.refuse(mailbox.reply)
        check = self._terms.check_recipient
        if check is not None and (refusal := check(mailbox)) is not None:
            return self.refuse(refusal)
        if not self._transaction.add(mailbox, self._terms.limits.recipients):
            return [WriteReply(reply.TOO_MANY_RECIPIENTS)]
        self._stage = ServerStage.RECIPIENTS
        return [WriteReply(reply.RECIPIENT_OK)]

    def _data(self, argument: str) -> Actions:
        if argument:
            return self.refuse(reply.NO_ARGUMENT)
        self.expected = ExpectedInput.MESSAGE
        return [WriteReply(reply.GO_AHEAD)]

    def _rset(self, _argument: str) -> Actions:
        self._reset_transaction(ServerStage.CONNECTED if self._stage is ServerStage.CONNECTED else ServerStage.READY)
        return [WriteReply(reply.OK)]

    def _noop(self, _argument: str) -> Actions:
        return [WriteReply(reply.OK)]

    def _vrfy(self, _argument: str) -> Actions:
        return [WriteReply(reply.CANNOT_VERIFY)]

    def _help(self, _argument: str) -> Actions:
        return [WriteReply(reply.HELP)]

    def _quit(self, _argument: str) -> Actions:
        return self.close(reply.BYE)

    def _refuse_command(self, verb: bytes) -> Actions:
        if verb in ENDS_SESSION:
            return self.close(reply.NOT_OFFERED)
        if verb in NEEDS_LOGIN and not self._logged_in:
            return self.refuse(reply.LOGIN_FIRST)
        return self.refuse(reply.OUT_OF_ORDER if verb in self._COMMANDS else reply.UNKNOWN)

    @property
    def _is_reception(self) -> bool:
        return self._terms.check_recipient is not None

    @property
    def _allows_login(self) -> bool:
        return self._encrypted or self._terms.loopback

    def _reset_transaction(self, stage: ServerStage) -> None:
        self._stage = stage
        self._transaction = Transaction(SenderArgument())

    _COMMANDS: ClassVar[dict[bytes, Callable[["ServerSession", str], Actions]]] = {
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"STARTTLS": _starttls,
        b"AUTH": _auth,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"VRFY": _vrfy,
        b"HELP": _help,
        b"QUIT": _quit,
    }
