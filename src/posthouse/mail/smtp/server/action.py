"""The actions that the server's conversation asks its driver to do, and the results that the driver gives back.

The vocabulary between ``mail.smtp.server.conversation`` (which decides what comes next) and the listener (which has sockets, a
clock and a store).
"""

from datetime import timedelta
from enum import Enum

import msgspec

from posthouse.model.mailbox import Mailbox


class SessionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a session may take: sizes in octets, counts, and the times that the driver keeps.

    ``login``: from the connection to a login, where one is needed. ``idle``: without a finished command, or 16 KB of a message.
    ``total``: a whole session.
    ``login_delay``: before a login is refused.
    """

    command_line: int = 2048
    auth_line: int = 12_288  # RFC 4954 section 4
    message: int = 25 * 1024 * 1024
    recipients: int = 50
    bad_commands: int = 20
    failed_logins: int = 3
    messages: int = 10_000
    login: timedelta = timedelta(minutes=1)
    idle: timedelta = timedelta(minutes=5)  # RFC 5321 4.5.3.2.7
    total: timedelta = timedelta(hours=1)
    login_delay: timedelta = timedelta(milliseconds=500)


class Login(msgspec.Struct, frozen=True):
    """A username and its password; the password is never printed."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Login(…)"


class Envelope(msgspec.Struct, frozen=True):
    """The arguments of MAIL and RCPT: the path as written (``''`` is the null sender), recipients in order, each once."""

    return_path: str
    recipients: tuple[Mailbox, ...]
    smtputf8: bool


class WriteReply(msgspec.Struct, frozen=True):
    """One complete reply."""

    data: bytes


class SecureServer(msgspec.Struct, frozen=True):
    """Do the TLS handshake, then call ``finish_handshake``."""


class Authenticate(msgspec.Struct, frozen=True):
    """Check the credentials, then call ``finish_login``."""

    login: Login


class ReceivedMessage(msgspec.Struct, frozen=True):
    """One message: CRLF only, dots unstuffed. Store it or refuse it, then call ``finish_message``."""

    envelope: Envelope
    data: bytes


class CloseSession(msgspec.Struct, frozen=True):
    """Close the connection once everything is written."""


Action = WriteReply | SecureServer | Authenticate | ReceivedMessage | CloseSession


class LoginResult(Enum):
    """The result of a login."""

    GRANTED = "granted"
    DENIED = "denied"
    UNKNOWN = "the store cannot say"
