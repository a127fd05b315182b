"""The exchange behind AUTH, from mechanism to username and password.

RFC 4954 (AUTH, initial responses, ``=`` for an empty one, ``*`` to cancel), RFC 4616 (PLAIN); LOGIN was never standardised
(draft-murchison-sasl-login) and is what many mailers speak. It must never know whether a login is right.

Known sharp edges: an authorization identity that differs from the username (to act for another user) is refused.
"""

import base64
import binascii

from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import Login
from posthouse.mail.smtp.server.command import CommandFault

LoginStep = bytes | Login | CommandFault  # the next prompt, the credentials, or the refusal


class LoginExchange:
    """One AUTH command and the responses after it."""

    __slots__ = ("_plain", "_username")

    def __init__(self) -> None:
        self._plain = True
        self._username: str | None = None

    def start(self, argument: str) -> LoginStep:
        """``PLAIN`` or ``LOGIN``, perhaps with the first response behind it."""
        mechanism, _, initial = argument.partition(" ")
        mechanism = mechanism.upper()
        if mechanism not in {"PLAIN", "LOGIN"}:
            return CommandFault(reply.NO_MECHANISM)
        self._plain = mechanism == "PLAIN"
        if initial:
            return self.respond(initial.encode())
        return reply.AUTH_CONTINUE if self._plain else reply.ASK_USERNAME

    def respond(self, line: bytes) -> LoginStep:
        """The next response, in base64."""
        if line == b"*":
            return CommandFault(reply.CANCELLED)
        response = _decode(line)
        if response is None:
            return CommandFault(reply.BAD_RESPONSE)
        if self._plain:
            return _read_plain(response) or CommandFault(reply.BAD_RESPONSE)
        if self._username is None:
            self._username = response
            return reply.ASK_PASSWORD
        return Login(self._username, response)


def _decode(line: bytes) -> str | None:
    if line == b"=":
        return ""
    try:
        return base64.b64decode(line, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _read_plain(response: str) -> Login | None:
    """Authorization identity NUL username NUL password (RFC 4616 section 2)."""
    parts = response.split("\0")
    if len(parts) != 3 or not parts[1] or parts[0] not in {"", parts[1]}:
        return None
    return Login(parts[1], parts[2])
