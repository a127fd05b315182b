"""The replies of the SMTP server: code, enhanced code, text.

RFC 5321 section 4.2, RFC 2034 and 3463 (enhanced codes), RFC 4954 section 6, RFC 6409; the codes of *SMTP submission* in the
contract are law. It must never know when a reply is due. Replies are ASCII; nothing that a client wrote is repeated in these.
"""

from collections.abc import Iterable
from typing import Final

OCTETS: Final = 512  # RFC 5321 4.5.3.1.5
_PRINTABLE: Final = bytes(octet if 0x20 <= octet < 0x7F else 0x20 for octet in range(256))


def reply_line(code: int, enhanced: str, text: str) -> bytes:
    """A reply of one line, CRLF included: printable ASCII, cut to 512 octets."""
    line = f"{code} {enhanced} {text}".encode("ascii", "replace").translate(_PRINTABLE)
    return line[: OCTETS - 2] + b"\r\n"


def hello_reply(lines: Iterable[str]) -> bytes:
    """250 over several lines, the answer to EHLO."""
    *first, last = lines
    return "".join([*(f"250-{line}\r\n" for line in first), f"250 {last}\r\n"]).encode("ascii", "replace")


OK: Final = b"250 2.0.0 Ok\r\n"
SENDER_OK: Final = b"250 2.1.0 Ok\r\n"
RECIPIENT_OK: Final = b"250 2.1.5 Ok\r\n"
GO_AHEAD: Final = b"354 End data with <CR><LF>.<CR><LF>\r\n"
BYE: Final = b"221 2.0.0 Bye\r\n"
HELP: Final = b"214 2.0.0 See RFC 6409\r\n"
CANNOT_VERIFY: Final = b"252 2.1.5 Cannot verify, send it and see\r\n"
TLS_READY: Final = b"220 2.0.0 Ready to start TLS\r\n"
LOGGED_IN: Final = b"235 2.7.0 Authentication successful\r\n"
AUTH_CONTINUE: Final = b"334 \r\n"
ASK_USERNAME: Final = b"334 VXNlcm5hbWU6\r\n"
ASK_PASSWORD: Final = b"334 UGFzc3dvcmQ6\r\n"

LOGIN_FIRST: Final = b"530 5.7.0 Authentication required\r\n"
TLS_FIRST: Final = b"538 5.7.11 Encryption required for authentication\r\n"
WRONG_LOGIN: Final = b"535 5.7.8 Authentication credentials invalid\r\n"
BAD_RESPONSE: Final = b"501 5.5.2 Cannot decode the response\r\n"
CANCELLED: Final = b"501 5.7.0 Authentication cancelled\r\n"
NO_MECHANISM: Final = b"504 5.5.4 Mechanism not supported\r\n"

STRAY: Final = b"550 5.5.2 Bare CR, bare LF or NUL received; lines end in CRLF\r\n"
LINE_TOO_LONG: Final = b"500 5.5.2 Line too long\r\n"
NOT_UTF8: Final = b"501 5.5.2 Invalid UTF-8\r\n"
UNKNOWN: Final = b"500 5.5.1 Command not recognized\r\n"
NOT_OFFERED: Final = b"502 5.5.1 Command not implemented\r\n"
OUT_OF_ORDER: Final = b"503 5.5.1 Command out of sequence\r\n"
NO_ARGUMENT: Final = b"501 5.5.4 No argument allowed\r\n"
HOSTNAME_REQUIRED: Final = b"501 5.5.4 Syntax: EHLO hostname\r\n"
TOO_LARGE: Final = b"552 5.3.4 Message too large\r\n"
TOO_MANY_RECIPIENTS: Final = b"452 4.5.3 Too many recipients\r\n"

NO_SUCH_MAILBOX: Final = b"550 5.1.1 No such mailbox here\r\n"
MAILBOX_RATE_LIMITED: Final = b"452 4.2.2 Mailbox takes no more for now, try again later\r\n"

STORE_DOWN: Final = b"451 4.3.0 Temporarily unavailable, try again later\r\n"
STORE_AWAY: Final = b"421 4.3.0 Temporarily unavailable, try again later\r\n"
DISK_FULL: Final = b"452 4.3.1 Not enough storage, try again later\r\n"

ENOUGH_ERRORS: Final = b"421 4.7.0 Too many errors\r\n"
ENOUGH_MESSAGES: Final = b"421 4.7.0 Enough messages for one session, please reconnect\r\n"
ENOUGH_SESSIONS: Final = b"421 4.3.2 Too many sessions, try again later\r\n"
TIMED_OUT: Final = b"421 4.4.2 Timed out\r\n"
STOPPING: Final = b"421 4.3.2 Shutting down\r\n"
