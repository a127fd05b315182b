"""What the submission door is made of: everything it needs, given by the composition root and by tests."""

import ssl
from collections.abc import Awaitable, Callable

import msgspec

from posthouse.mail.smtp.server.action import ReceivedMessage, SessionLimits
from posthouse.model.clock import Clock
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Caller


class SmtpDoorParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a session needs, at whichever SMTP door. ``take`` answers with a complete reply, after the commit. Errors: StoreUnavailable.

    ``receives``: at reception, where nobody logs in, whether a recipient is ours (None) or the refusal; None at submission.
    """

    hostname: str
    clock: Clock
    take: Callable[[Caller | None, ReceivedMessage], Awaitable[bytes]]
    authenticate: Callable[[str, str], Awaitable[Caller | None]]
    receives: Callable[[Mailbox], bytes | None] | None = None
    tls_context: ssl.SSLContext | None = None
    limits: SessionLimits = SessionLimits()
