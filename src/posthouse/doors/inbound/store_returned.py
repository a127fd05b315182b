"""Returned mail is stored before it is answered; reading it is ``pipeline.feedback``'s work.

What a person may have written is refused where it is too large to be stored whole, so that its author learns of it.
"""

from collections.abc import Awaitable, Callable

import msgspec

from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import ReceivedMessage
from posthouse.model.send_request import Caller
from posthouse.pipeline.feedback.receive import MOST_WHOLE, FeedbackReceiver, ReturnedMail
from posthouse.telemetry import metrics


class InboundParts(msgspec.Struct, frozen=True, kw_only=True):
    """``directory``: the one that the session asks about recipients."""

    directory: RecipientDirectory
    receiver: FeedbackReceiver


def build_handler(parts: InboundParts) -> Callable[[Caller | None, ReceivedMessage], Awaitable[bytes]]:
    """What a session does with a message. Errors of what it gives: those of the database."""

    async def handle(_caller: Caller | None, message: ReceivedMessage) -> bytes:
        mails = _mails(parts.directory, message)
        if len(message.data) > MOST_WHOLE and any(parts.receiver.must_be_whole(mail) for mail in mails):
            return reply.TOO_LARGE
        await parts.receiver.receive_mail(mails)
        metrics.RETURNED.inc()
        return reply.OK

    return handle


def _mails(directory: RecipientDirectory, message: ReceivedMessage) -> list[ReturnedMail]:
    """One for each recipient; the session accepted only those that are ours."""
    mails = []
    for mailbox in message.envelope.recipients:
        destination = directory.find(mailbox.local)
        if destination is not None:
            mails.append(
                ReturnedMail(
                    destination=destination,
                    recipient=mailbox.address,
                    return_path=message.envelope.return_path,
                    data=message.data,
                )
            )
    return mails
