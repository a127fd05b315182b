"""Which command may come when: the server's table of stages and commands (RFC 5321 section 4.1.4, RFC 4954 section 4).

A command that is not in its stage's row is answered 503; one that does not exist, 500.
"""

from enum import Enum
from typing import Final


class ServerStage(Enum):
    """Which commands have been accepted so far."""

    CONNECTED = "nothing"
    READY = "EHLO or HELO"
    SENDER = "MAIL"
    RECIPIENTS = "MAIL and RCPT"


_ALWAYS: Final = frozenset({b"EHLO", b"HELO", b"NOOP", b"RSET", b"QUIT", b"HELP", b"VRFY"})
ALLOWED: Final[dict[ServerStage, frozenset[bytes]]] = {
    ServerStage.CONNECTED: _ALWAYS | {b"STARTTLS"},
    ServerStage.READY: _ALWAYS | {b"STARTTLS", b"AUTH", b"MAIL"},
    ServerStage.SENDER: _ALWAYS | {b"RCPT"},
    ServerStage.RECIPIENTS: _ALWAYS | {b"RCPT", b"DATA"},
}
NEEDS_LOGIN: Final = frozenset({b"MAIL", b"RCPT", b"DATA"})
# Whoever sends these is a browser, or goes on with octets that are no commands.
ENDS_SESSION: Final = frozenset({b"BDAT", b"CONNECT", b"GET", b"POST", b"PUT"})
