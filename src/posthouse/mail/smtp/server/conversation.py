"""What an SMTP server says next, at submission or reception: bytes in, actions out, no socket. Which command may come when is in ``_stage``.

RFC 6409 (submission) on RFC 5321; STARTTLS (RFC 3207), AUTH (RFC 4954), PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME
(RFC 6152), SMTPUTF8 (RFC 6531), ENHANCEDSTATUSCODES (RFC 2034). CHUNKING and BINARYMIME are not offered.

Theory of operation. ``receive`` turns bytes into actions, in order. After ``Authenticate`` and ``Message`` the conversation
waits: what comes meanwhile is kept, and read once the driver has said ``authenticated`` or ``answered``, so replies keep
the order of the commands. The same bytes give the same actions however they were cut.
It must never know sockets, time, credentials or what becomes of a message.

Known sharp edges: the driver stops reading while ``waiting``, or the buffer grows with what the peer sends; any octet between
STARTTLS and the handshake ends the session (CVE-2011-0411); MAIL's path is checked and otherwise unused, since our return
path replaces it; a recipient named twice is one recipient.
"""

from collections.abc import Callable
from typing import ClassVar

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
from posthouse.mail.smtp.server.data import DataReader, LineReader, ReadProblem
from posthouse.mail.smtp.server.login import LoginExchange, Said
from posthouse.mail.smtp.server.stage import ALLOWED, HUNG_UP_ON, NEEDS_LOGIN, ServerStage
from posthouse.model.mailbox import Mailbox

Actions = list[Action]


def _say(answer: bytes) -> Callable[["ServerConversation", str], Actions]:
    """A command that only ever has one answer."""
    return lambda _conversation, _argument: [WriteReply(answer)]


class ServerConversation:
    """One session. ``starttls``: a certificate is there. ``loopback``: the peer is on this machine and may log in without TLS.

    ``receives``: at reception (RFC 5321) nobody logs in, and this says of a recipient that it is ours (None), or the refusal.
    """

    def __init__(
        self, hostname: str, limits: SessionLimits, *, starttls: bool, tls: bool, loopback: bool,
        receives: Callable[[Mailbox], bytes | None] | None = None,
    ) -> None:  # fmt: skip
        self.waiting = False
        self.closed = False
        self._hostname = hostname
        self._limits = limits
        self._starttls = starttls
        self._tls = tls
        self._loopback = loopback
        self._buffer = bytearray()
        self._lines = LineReader()
        self._data = DataReader(limits.message)
        self._listen: Callable[[], Actions | None] = self._command
        self._exchange = LoginExchange()
        self._receives = receives
        self._logged_in = receives is not None
        self._stopping = False
        self._errors = 0
        self._failed_logins = 0
        self._messages = 0
        self._begin(ServerStage.CONNECTED)

    # What the driver says.

    def greet(self) -> Actions:
        """The first word, once the connection stands."""
        return [WriteReply(f"220 {self._hostname} ESMTP Posthouse\r\n".encode("ascii", "replace"))]

    def receive(self, data: bytes) -> Actions:
        """What to do about these octets."""
        if self.closed:
            return []
        self._buffer += data
        return self._proceed()

    def secured(self) -> Actions:
        """The handshake is done: forget all that was said before (RFC 3207 section 4.2)."""
        self._tls = True
        self._logged_in = self._receives is not None
        self._listen = self._command
        self._begin(ServerStage.CONNECTED)
        return []

    def authenticated(self, verdict: LoginResult) -> Actions:
        """What came of the login; then whatever was pipelined behind it."""
        self.waiting = False
        return self._told(verdict) + self._proceed()

    def answered(self, answer: bytes) -> Actions:
        """What came of the message, as a complete reply; then whatever was pipelined behind it."""
        self.waiting = False
        self._messages += 1
        if answer.startswith(b"2"):
            self._errors = 0
        self._begin(ServerStage.READY)
        return [WriteReply(answer), *self._proceed()]

    def stop(self) -> Actions:
        """We are shutting down: hang up, or do so as soon as the transaction that has begun is answered."""
        self._stopping = True
        return self._proceed()

    def time_out(self) -> Actions:
        """The peer took too long."""
        return [] if self.closed else self._hang_up(reply.TIMED_OUT)

    # How octets are read: as commands, as a login's responses, as a message.

    def _proceed(self) -> Actions:
        actions: Actions = []
        while self._buffer and not self.waiting and not self.closed:
            step = self._listen()
            if step is None:
                break
            actions += step
        between = self._stage in {ServerStage.CONNECTED, ServerStage.READY} and not self.waiting
        return actions + self._hang_up(reply.STOPPING) if self._stopping and between and not self.closed else actions

    def _command(self) -> Actions | None:
        login = self._buffer[:5].upper() == b"AUTH "
        line = self._lines.read(self._buffer, self._limits.auth_line if login else self._limits.command_line)
        if isinstance(line, ReadProblem):
            return self._no_line(line)
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        if verb not in ALLOWED[self._stage] or (verb in NEEDS_LOGIN and not self._logged_in):
            return self._refuse(verb)
        try:
            return self._STEPS[verb](self, argument.decode().strip(" "))
        except UnicodeDecodeError:
            return self._bad(reply.NOT_UTF8)

    def _response(self) -> Actions | None:
        line = self._lines.read(self._buffer, self._limits.auth_line)
        if not isinstance(line, ReadProblem):
            return self._login(self._exchange.respond(line))
        if line is not ReadProblem.MORE:
            self._listen = self._command
        return self._no_line(line)

    def _content(self) -> Actions | None:
        found = self._data.read(self._buffer)
        if isinstance(found, bytes):
            self.waiting = True
            self._listen = self._command
            return [ReceivedMessage(self._transaction.envelope(), found)]
        if found is ReadProblem.MORE:
            return None
        if found is ReadProblem.TOO_LONG:
            return [WriteReply(reply.TOO_LARGE)]
        if found is ReadProblem.SKIPPED:
            self._listen = self._command
            self._begin(ServerStage.READY)
            return []
        return self._hang_up() if self._data.too_large else self._hang_up(reply.STRAY)

    def _too_early(self) -> Actions:
        """Octets between STARTTLS and the handshake: nobody knows who wrote them."""
        return self._hang_up()

    def _no_line(self, found: ReadProblem) -> Actions | None:
        if found is ReadProblem.MORE:
            return None
        return self._hang_up(reply.STRAY) if found is ReadProblem.STRAY else self._bad(reply.LINE_TOO_LONG)

    # What each command does.

    def _ehlo(self, argument: str) -> Actions:
        offers = ["PIPELINING", f"SIZE {self._limits.message}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self._starttls and not self._tls:
            offers.append("STARTTLS")
        if (self._tls or self._loopback) and self._receives is None:
            offers.append("AUTH PLAIN LOGIN")
        return self._hello(argument, offers)

    def _helo(self, argument: str) -> Actions:
        return self._hello(argument, [])

    def _hello(self, name: str, offers: list[str]) -> Actions:
        if not name:
            return self._bad(reply.NAME_WANTED)
        self._begin(ServerStage.READY)
        return [WriteReply(reply.hello_reply([self._hostname, *offers]))]

    def _start_tls(self, argument: str) -> Actions:
        if argument:
            return self._bad(reply.NO_ARGUMENT)
        if self._tls:
            return self._bad(reply.OUT_OF_ORDER)
        if not self._starttls:
            return self._bad(reply.NOT_OFFERED)
        self._listen = self._too_early
        return [WriteReply(reply.TLS_READY), SecureServer()]

    def _auth(self, argument: str) -> Actions:
        if self._logged_in:
            return self._bad(reply.OUT_OF_ORDER)
        if not (self._tls or self._loopback):
            return self._bad(reply.TLS_FIRST)
        self._exchange = LoginExchange()
        return self._login(self._exchange.begin(argument))

    def _login(self, said: Said) -> Actions:
        self._listen = self._response if isinstance(said, bytes) else self._command
        if isinstance(said, bytes):
            return [WriteReply(said)]
        if isinstance(said, CommandFault):
            return self._bad(said.reply)
        self.waiting = True
        return [Authenticate(said)]

    def _told(self, verdict: LoginResult) -> Actions:
        self._logged_in = verdict is LoginResult.GRANTED
        if self._logged_in:
            return [WriteReply(reply.LOGGED_IN)]
        if verdict is LoginResult.UNKNOWN:
            return [WriteReply(reply.STORE_DOWN)]
        self._failed_logins += 1
        if self._failed_logins < self._limits.failed_logins:
            return [WriteReply(reply.WRONG_LOGIN)]
        return self._hang_up(reply.WRONG_LOGIN, reply.ENOUGH_ERRORS)

    def _mail(self, argument: str) -> Actions:
        if self._stopping:
            return self._hang_up(reply.STOPPING)
        if self._messages >= self._limits.messages:
            return self._hang_up(reply.ENOUGH_MESSAGES)
        sender = read_mail(argument)
        if isinstance(sender, CommandFault):
            return self._bad(sender.reply)
        if sender.size > self._limits.message:
            return [WriteReply(reply.TOO_LARGE)]
        self._transaction, self._stage = Transaction(sender), ServerStage.SENDER
        return [WriteReply(reply.SENDER_OK)]

    def _rcpt(self, argument: str) -> Actions:
        mailbox = read_rcpt(argument, smtputf8=self._transaction.sender.smtputf8)
        if isinstance(mailbox, CommandFault):
            return self._bad(mailbox.reply)
        if self._receives is not None and (refusal := self._receives(mailbox)) is not None:
            return self._bad(refusal)
        if not self._transaction.add(mailbox, self._limits.recipients):
            return [WriteReply(reply.TOO_MANY_RECIPIENTS)]
        self._stage = ServerStage.RECIPIENTS
        return [WriteReply(reply.RECIPIENT_OK)]

    def _receive_data(self, argument: str) -> Actions:
        if argument:
            return self._bad(reply.NO_ARGUMENT)
        self._buffer[:0] = b"\r\n"
        self._data = DataReader(self._limits.message)
        self._listen = self._content
        return [WriteReply(reply.GO_AHEAD)]

    def _reset(self, _argument: str) -> Actions:
        self._begin(ServerStage.CONNECTED if self._stage is ServerStage.CONNECTED else ServerStage.READY)
        return [WriteReply(reply.OK)]

    def _quit(self, _argument: str) -> Actions:
        return self._hang_up(reply.BYE)

    # Small words.

    def _begin(self, stage: ServerStage) -> None:
        self._stage = stage
        self._transaction = Transaction(SenderArgument())

    def _refuse(self, verb: bytes) -> Actions:
        if verb in HUNG_UP_ON:
            return self._hang_up(reply.NOT_OFFERED)
        if verb in NEEDS_LOGIN and not self._logged_in:
            return self._bad(reply.LOGIN_FIRST)
        return self._bad(reply.OUT_OF_ORDER if verb in self._STEPS else reply.UNKNOWN)

    def _bad(self, refusal: bytes) -> Actions:
        self._errors += 1
        enough = self._errors >= self._limits.bad_commands
        return self._hang_up(refusal, reply.ENOUGH_ERRORS) if enough else [WriteReply(refusal)]

    def _hang_up(self, *replies: bytes) -> Actions:
        self.closed = True
        self._buffer.clear()
        return [*map(WriteReply, replies), CloseSession()]

    _STEPS: ClassVar[dict[bytes, Callable[["ServerConversation", str], Actions]]] = {
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"STARTTLS": _start_tls,
        b"AUTH": _auth,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _receive_data,
        b"RSET": _reset,
        b"NOOP": _say(reply.OK),
        b"VRFY": _say(reply.CANNOT_VERIFY),
        b"HELP": _say(reply.HELP),
        b"QUIT": _quit,
    }
