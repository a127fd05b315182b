"""Returned mail is kept, sealed and cut to what is ever read of it, and then answered; reading it is a journey of its own.

A report comes with the null return path and is cut; what a person may have written (RFC 5321 section 4.5.5: anything else) is kept
whole, because it may be handed on, and refused where it is too large for that, so that its author hears of it.

Known sharp edges: mail to ``postmaster`` and ``abuse`` is put into the installation's own inbox where no operator is set;
whoever reads that inbox reads it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.mail.link import Link
from posthouse.mail.return_path import ReturnPath
from posthouse.mail.smtp.server import reply
from posthouse.mail.smtp.server.action import Envelope, ReceivedMessage
from posthouse.model.clock import Clock
from posthouse.model.feedback import RawFeedback
from posthouse.model.inbox import NewInboxItem
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Caller
from posthouse.pipeline.feedback.read_returned import MOST_WHOLE, REPORT_OCTETS
from posthouse.pipeline.feedback.replies import OPERATORS
from posthouse.store.messages import inbox
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import feedback
from posthouse.store.seal import Sealer
from posthouse.telemetry import metrics

OPERATOR_TENANT: Final = 1
_LIVE: Final = 1


class InboundParts(msgspec.Struct, frozen=True, kw_only=True):
    """``new_id`` makes a time-ordered id. ``operator``: mail to its mailboxes waits to be handed on, instead of being put into the inbox."""

    database: Database
    sealer: Sealer
    clock: Clock
    new_id: Callable[[datetime], UUID]
    directory: RecipientDirectory
    operator: bool = False


def storing(parts: InboundParts) -> Callable[[Caller | None, ReceivedMessage], Awaitable[bytes]]:
    """What a session does with a message. Errors of what it gives: those of the database."""

    async def keep(_caller: Caller | None, message: ReceivedMessage) -> bytes:
        now, envelope = parts.clock.now(), message.envelope
        people = [(mailbox, parts.directory.whose(mailbox.local)) for mailbox in envelope.recipients]
        if len(message.data) > MOST_WHOLE and any(_whole(parts, whose, envelope) for _, whose in people):
            return reply.TOO_LARGE
        async with parts.database.transaction() as session:
            for mailbox, whose in people:
                if isinstance(whose, str) and not parts.operator:
                    item = NewInboxItem(
                        id=parts.new_id(now), tenant=OPERATOR_TENANT, environment=_LIVE, message=UUID(int=0), position=0,
                        recipient=mailbox.address, type="notification", data=message.data[:REPORT_OCTETS],
                    )  # fmt: skip
                    await inbox.insert_many(session, parts.sealer, [item], now)
                elif whose is not None:
                    data = message.data if _whole(parts, whose, envelope) else message.data[:REPORT_OCTETS]
                    await feedback.put(session, parts.sealer, _raw(parts, whose, mailbox, envelope, data, now))
        metrics.RETURNED.inc()
        return reply.OK

    return keep


def _whole(parts: InboundParts, whose: ReturnPath | Link | str | None, envelope: Envelope) -> bool:
    """Whether all of it is kept: it may be a person's, and may be handed on."""
    return envelope.return_path != "" and (isinstance(whose, ReturnPath) or (isinstance(whose, str) and parts.operator))


def _raw(
    parts: InboundParts, whose: ReturnPath | Link | str, mailbox: Mailbox, envelope: Envelope, data: bytes, now: datetime
) -> RawFeedback:  # fmt: skip
    headers = {"return-path": envelope.return_path, "recipient": mailbox.address}
    if isinstance(whose, str):
        return RawFeedback(
            id=parts.new_id(now), tenant=OPERATOR_TENANT, environment=_LIVE, source=OPERATORS, body=data, received_at=now, headers=headers
        )  # fmt: skip
    return RawFeedback(
        id=parts.new_id(now), tenant=whose.tenant, environment=whose.environment, message=whose.message, position=whose.position,
        source="report" if isinstance(whose, ReturnPath) else "unsubscribe", body=data, received_at=now, headers=headers,
    )  # fmt: skip
