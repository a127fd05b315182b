"""From a submitted message to intake, and the reply that comes only after the commit."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from posthouse.doors.submission.answer import reply_to
from posthouse.doors.submission.parts import Counts, Takes
from posthouse.doors.submission.request import read_request
from posthouse.mail import smtp_server_reply as reply
from posthouse.mail.smtp_server_action import Message
from posthouse.mail.smtp_server_command import Fault
from posthouse.model.send_request import Caller

LARGE: Final = 256 * 1024  # octets; reading more than that would hold the loop too long


def taker(intake: Takes, throttle: Counts) -> Callable[[Caller | None, Message], Awaitable[bytes]]:
    """Hands messages to intake, as fast as the key may ask for them. Errors of what it gives: StoreUnavailable."""

    async def take(caller: Caller | None, message: Message) -> bytes:
        if len(message.data) > LARGE:
            request = await asyncio.to_thread(read_request, message.envelope, message.data)
        else:
            request = read_request(message.envelope, message.data)
        if isinstance(request, Fault):
            return request.reply
        if caller is None:
            return reply.LOGIN_FIRST
        allowance = await throttle.ask(caller, (request,))
        if allowance is not None and allowance.rejection is not None:
            return reply_to(allowance.rejection)
        return reply_to(await intake.accept(caller, request))

    return take
