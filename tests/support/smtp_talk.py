"""A submission conversation without a socket: who answers for intake and logins, and what was said and done."""

from collections.abc import Iterable
from typing import Final

from posthouse.mail.smtp.server.action import (
    Action,
    Authenticate,
    LoginResult,
    ReceivedMessage,
    SecureServer,
    SessionLimits,
    WriteReply,
)
from posthouse.mail.smtp.server.conversation import ServerConversation
from posthouse.mail.smtp.server.session import ServerTerms

LOGIN: Final = b"AUTH PLAIN AHVzZXIAcGFzcw==\r\n"  # user, pass
HELLO: Final = b"EHLO client.example\r\n"
TAKEN: Final = b"250 2.0.0 Ok: msg_1\r\n"


class Talk:
    """``user`` with ``pass`` may log in; every message is taken; a handshake is left to the test."""

    def __init__(
        self, limits: SessionLimits | None = None, *, starttls: bool = True, tls: bool = False, loopback: bool = True
    ) -> None:
        self.conversation = ServerConversation(
            ServerTerms(
                hostname="mail.example",
                limits=limits or SessionLimits(),
                starttls=starttls,
                encrypted=tls,
                loopback=loopback,
            )
        )
        self.actions: list[Action] = []

    def feed(self, *chunks: bytes) -> bytes:
        """Receive, answer what is asked, and give the replies to these chunks."""
        before = len(self.actions)
        for chunk in chunks:
            self._do(self.conversation.receive(chunk))
        return b"".join(action.data for action in self.actions[before:] if isinstance(action, WriteReply))

    def _do(self, actions: Iterable[Action]) -> None:
        for action in actions:
            self.actions.append(action)
            if isinstance(action, Authenticate):
                good = (action.login.username, action.login.password) == ("user", "pass")
                self._do(self.conversation.finish_login(LoginResult.GRANTED if good else LoginResult.DENIED))
            elif isinstance(action, ReceivedMessage):
                self._do(self.conversation.finish_message(TAKEN))

    @property
    def messages(self) -> list[ReceivedMessage]:
        """What was handed over."""
        return [action for action in self.actions if isinstance(action, ReceivedMessage)]

    @property
    def handshakes(self) -> int:
        """How often TLS was to begin."""
        return sum(isinstance(action, SecureServer) for action in self.actions)


def logged_in(limits: SessionLimits | None = None) -> Talk:
    """A session that may send."""
    talk = Talk(limits)
    assert b"235 " in talk.feed(HELLO, LOGIN)
    return talk


def codes(replies: bytes) -> list[str]:
    """The code of every reply; lines that go on are one reply."""
    return [line[:3].decode() for line in replies.splitlines() if line[3:4] != b"-"]
