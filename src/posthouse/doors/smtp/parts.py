"""What an SMTP listener is made of: everything a session needs, given by the composition root and by tests."""

import ssl
from collections.abc import Awaitable, Callable

import msgspec

from posthouse.doors.connections.proxies import NO_PROXIES, TrustedProxies
from posthouse.mail.smtp.server.action import ReceivedMessage, SessionLimits
from posthouse.model.clock import Clock
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Caller


class ConnectionLimits(msgspec.Struct, frozen=True):
    """``slots``: sessions at once, over all listeners of the server. ``proxies``: those that bring other people's sessions."""

    slots: int = 1000
    proxies: TrustedProxies = NO_PROXIES


class SmtpDoorParts(msgspec.Struct, frozen=True, kw_only=True):
    """For submission and for returned mail. ``handle`` answers with a complete reply, after the commit.

    Errors: StoreUnavailable. ``check_recipient``: for returned mail, where nobody logs in, None for a recipient that is ours,
    or the refusal; None at submission.
    """

    hostname: str
    clock: Clock
    handle: Callable[[Caller | None, ReceivedMessage], Awaitable[bytes]]
    authenticate: Callable[[str, str], Awaitable[Caller | None]]
    check_recipient: Callable[[Mailbox], bytes | None] | None = None
    tls_context: ssl.SSLContext | None = None
    limits: SessionLimits = SessionLimits()
    connections: ConnectionLimits = ConnectionLimits()
