"""Returned mail is kept, sealed and cut to what is ever read of it, and then answered; reading it is a journey of its own.

Known sharp edges: mail to ``postmaster`` and ``abuse`` is put into the installation's own inbox, because this door never sends
anything on; whoever reads that inbox reads it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

from posthouse.doors.inbound.recipient import Directory
from posthouse.journeys import meters
from posthouse.mail import smtp_server_reply as reply
from posthouse.mail.link import Link
from posthouse.mail.return_path import ReturnPath
from posthouse.mail.smtp_server_action import Message
from posthouse.model.send_request import Caller
from posthouse.store import feedback, inbox
from posthouse.store.database import Database
from posthouse.store.feedback import Raw
from posthouse.store.inbox import NewItem
from posthouse.store.seal import Sealer

MOST_KEPT: Final = 512 * 1024  # octets; a report says what it has to say at its beginning
OPERATOR_TENANT: Final = 1
_LIVE: Final = 1


class Ticks(Protocol):
    """The house's clock."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...


class KeepParts(msgspec.Struct, frozen=True, kw_only=True):
    """``new_id`` makes a time-ordered id."""

    database: Database
    sealer: Sealer
    clock: Ticks
    new_id: Callable[[datetime], UUID]
    directory: Directory


def keeper(parts: KeepParts) -> Callable[[Caller | None, Message], Awaitable[bytes]]:
    """What a session does with a message. Errors of what it gives: those of the database."""

    async def keep(_caller: Caller | None, message: Message) -> bytes:
        now, data = parts.clock.now(), message.data[:MOST_KEPT]
        async with parts.database.acquire() as connection, connection.transaction():
            for mailbox in message.envelope.recipients:
                whose = parts.directory.whose(mailbox.local)
                if isinstance(whose, str):
                    item = NewItem(
                        id=parts.new_id(now), tenant=OPERATOR_TENANT, environment=_LIVE, message=UUID(int=0), position=0,
                        recipient=mailbox.address, type="notification", data=data,
                    )  # fmt: skip
                    await inbox.insert_many(connection, parts.sealer, [item], now)
                elif whose is not None:
                    await feedback.put(connection, parts.sealer, _raw(parts, whose, data, now))
        meters.RETURNED.inc()
        return reply.OK

    return keep


def _raw(parts: KeepParts, whose: ReturnPath | Link, data: bytes, now: datetime) -> Raw:
    return Raw(
        id=parts.new_id(now), tenant=whose.tenant, environment=whose.environment, message=whose.message, position=whose.position,
        source="report" if isinstance(whose, ReturnPath) else "unsubscribe", body=data, received_at=now,
    )  # fmt: skip
