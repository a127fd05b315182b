"""From a submitted message to intake, and the reply that comes only after the commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from posthouse.doors.submission.answer import reply_to
from posthouse.doors.submission.request import read_request
from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import ReceivedMessage
from posthouse.mail.smtp.server.command import CommandFault
from posthouse.model.send_request import Accepted, Caller, Rejection, SendRequest
from posthouse.pipeline.accept.rate_limits import RateLimitResult

LARGE: Final = 256 * 1024  # octets; reading more than that would hold the loop too long


class MailIntake(Protocol):
    """Intake as this listener sees it (``pipeline.accept.accept.Intake``). Errors: StoreUnavailable."""

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """Take one message, durably."""
        ...


class RateLimiter(Protocol):
    """The rate limits of keys as this listener sees them (``pipeline.accept.rate_limits.KeyRateLimits``).

    Errors: StoreUnavailable.
    """

    async def check(self, caller: Caller, requests: Sequence[SendRequest | Rejection]) -> RateLimitResult | None:
        """Whether the key may ask for that now; None: it has no limit."""
        ...


def build_handler(intake: MailIntake, rate_limits: RateLimiter) -> Callable[[Caller | None, ReceivedMessage], Awaitable[bytes]]:
    """Gives messages to intake, as fast as the key may ask for them. Errors of what it gives: StoreUnavailable."""

    async def handle(caller: Caller | None, message: ReceivedMessage) -> bytes:
        if len(message.data) > LARGE:
            request = await asyncio.to_thread(read_request, message.envelope, message.data)
        else:
            request = read_request(message.envelope, message.data)
        if isinstance(request, CommandFault):
            return request.reply
        if caller is None:
            return reply.LOGIN_FIRST
        limit = await rate_limits.check(caller, (request,))
        if limit is not None and limit.rejection is not None:
            return reply_to(limit.rejection)
        return reply_to(await intake.accept(caller, request))

    return handle
