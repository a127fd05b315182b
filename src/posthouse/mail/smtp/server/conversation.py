"""The server's side of an SMTP session: bytes in, actions out, no socket.

RFC 5321 with PIPELINING (RFC 2920). Octets are read here, as commands, as responses of a login or as a message; what they cause
is decided by ``session``.

Theory of operation. ``receive`` turns bytes into actions, in order. After ``Authenticate`` and ``ReceivedMessage`` the
conversation waits: octets that come meanwhile stay in the buffer and are read once the driver has called ``finish_login`` or
``finish_message``, so replies keep the order of the commands. The same bytes give the same actions however they were cut. It must
never know sockets, time, credentials or what becomes of a message.

Known sharp edges: the driver stops reading while ``waiting``, or the buffer grows with what the peer sends; any octet between
STARTTLS and the handshake ends the session (CVE-2011-0411).
"""

from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import LoginResult, WriteReply
from posthouse.mail.smtp.server.data import DataReader, LineReader, ReadProblem
from posthouse.mail.smtp.server.session import Actions, ExpectedInput, ServerSession, ServerTerms


class ServerConversation:
    """One session, as its driver sees it."""

    def __init__(self, terms: ServerTerms) -> None:
        self._limits = terms.limits
        self._session = ServerSession(terms)
        self._buffer = bytearray()
        self._lines = LineReader()
        self._message = DataReader(terms.limits.message)

    @property
    def waiting(self) -> bool:
        """Whether ``finish_login`` or ``finish_message`` has to come before anything else is read."""
        return self._session.waiting

    @property
    def closed(self) -> bool:
        """Whether the session is over."""
        return self._session.closed

    def greet(self) -> Actions:
        """The greeting, once the connection stands."""
        return self._session.greet()

    def receive(self, data: bytes) -> Actions:
        """What to do about these octets."""
        if self.closed:
            return []
        self._buffer += data
        return self._proceed()

    def finish_handshake(self) -> Actions:
        """TLS is established, after ``SecureServer``."""
        return self._session.finish_handshake()

    def finish_login(self, result: LoginResult) -> Actions:
        """The result of a login, after ``Authenticate``; then whatever was pipelined behind it."""
        return self._session.finish_login(result) + self._proceed()

    def finish_message(self, answer: bytes) -> Actions:
        """The complete reply to a message, after ``ReceivedMessage``; then whatever was pipelined behind it."""
        return self._session.finish_message(answer) + self._proceed()

    def stop(self) -> Actions:
        """We are shutting down: hang up now, or as soon as the transaction that has begun is answered."""
        self._session.stop()
        return self._proceed()

    def time_out(self) -> Actions:
        """The peer took too long."""
        return [] if self.closed else self._session.close(reply.TIMED_OUT)

    def _proceed(self) -> Actions:
        actions: Actions = []
        while self._buffer and not self.waiting and not self.closed:
            step = self._read()
            if step is None:
                break
            actions += step
        if self._session.is_idle_while_stopping:
            actions += self._session.close(reply.STOPPING)
        if self.closed:
            self._buffer.clear()
        return actions

    def _read(self) -> Actions | None:
        """The next command, response or message and its actions; None where its rest has not come yet."""
        match self._session.expected:
            case ExpectedInput.COMMAND:
                return self._read_command()
            case ExpectedInput.LOGIN_RESPONSE:
                return self._read_login_response()
            case ExpectedInput.MESSAGE:
                return self._read_message()
            case ExpectedInput.HANDSHAKE:
                return self._session.close()  # octets between STARTTLS and the handshake may be anybody's

    def _read_command(self) -> Actions | None:
        is_login = self._buffer[:5].upper() == b"AUTH "
        line = self._lines.read(self._buffer, self._limits.auth_line if is_login else self._limits.command_line)
        if isinstance(line, ReadProblem):
            return self._refuse_line(line)
        verb, _, argument = line.partition(b" ")
        actions = self._session.execute(verb.upper(), argument)
        if self._session.expected is ExpectedInput.MESSAGE:
            self._buffer[:0] = b"\r\n"  # the line end that ends an empty message begins with that of DATA
            self._message = DataReader(self._limits.message)
        return actions

    def _read_login_response(self) -> Actions | None:
        line = self._lines.read(self._buffer, self._limits.auth_line)
        if not isinstance(line, ReadProblem):
            return self._session.respond_to_login(line)
        if line is not ReadProblem.MORE:
            self._session.expected = ExpectedInput.COMMAND
        return self._refuse_line(line)

    def _read_message(self) -> Actions | None:
        data = self._message.read(self._buffer)
        if isinstance(data, bytes):
            return self._session.receive_message(data)
        if data is ReadProblem.MORE:
            return None
        if data is ReadProblem.TOO_LONG:
            return [WriteReply(reply.TOO_LARGE)]
        if data is ReadProblem.SKIPPED:
            return self._session.skip_message()
        return self._session.close() if self._message.too_large else self._session.close(reply.STRAY)

    def _refuse_line(self, problem: ReadProblem) -> Actions | None:
        if problem is ReadProblem.MORE:
            return None
        if problem is ReadProblem.STRAY:
            return self._session.close(reply.STRAY)
        return self._session.refuse(reply.LINE_TOO_LONG)
