"""What the submission door is made of: everything it needs, given by the composition root and by tests."""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from posthouse.journeys.throttling import Allowance
from posthouse.mail.smtp_server_action import Limits, Message
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, Caller, Rejection, SendRequest


class Takes(Protocol):
    """Intake as this door sees it (``journeys.intake.Intake``). Errors: StoreUnavailable."""

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """Take one message, durably."""
        ...


class Counts(Protocol):
    """The rate limits of keys as this door sees them (``journeys.throttling.Throttle``). Errors: StoreUnavailable."""

    async def ask(self, caller: Caller, asked: Sequence[SendRequest | Rejection]) -> Allowance | None:
        """Whether the key may ask for that now; None: it has no limit."""
        ...


class Ticks(Protocol):
    """The house's clock, which doors may not import."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        ...


class SubmissionParts(msgspec.Struct, frozen=True, kw_only=True):
    """``authenticate`` tells whose username and password these are; None: nobody's. ``tls_context`` None: TLS is not offered."""

    intake: Takes
    throttle: Counts
    authenticate: Callable[[str, str], Awaitable[Caller | None]]
    hostname: str
    clock: Ticks
    tls_context: ssl.SSLContext | None = None
    limits: Limits = Limits()


class DoorParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a session needs, at whichever SMTP door. ``take`` answers with a complete reply, after the commit. Errors: StoreUnavailable.

    ``receives``: at reception, where nobody logs in, whether a recipient is ours (None) or the refusal; None at submission.
    """

    hostname: str
    clock: Ticks
    take: Callable[[Caller | None, Message], Awaitable[bytes]]
    authenticate: Callable[[str, str], Awaitable[Caller | None]]
    receives: Callable[[Mailbox], bytes | None] | None = None
    tls_context: ssl.SSLContext | None = None
    limits: Limits = Limits()
