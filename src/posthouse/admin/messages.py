"""After acceptance: take a message back before its first attempt, or send it once more on request."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.model.message_type import MessageType
from posthouse.model.queue import FlowHead, QueueFlag
from posthouse.model.send_request import Accepted, AcceptedDelivery, Caller, Rejection
from posthouse.model.stored_message import RequeuePlan, StoredMessage, StoredRecipient
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.accept import NotifyWorkers
from posthouse.pipeline.accept.message_type import type_of_stored
from posthouse.policy.deliver.simulate import DOMAIN
from posthouse.store.messages import accept, resend
from posthouse.store.messages import cancel as taking_back
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer

_NOT_FOUND: Final = Rejection("not_found", "there is no such message")
_GONE: Final = Rejection("not_cancellable", "its content is no longer kept, so it cannot be sent again")
_TOO_LATE: Final = Rejection("not_cancellable", "every delivery of this message has been attempted or has ended")
_AGAIN: Final = frozenset({"in_doubt", "failed"})
_UNPROMISED: Final = timedelta(hours=1)


class MessageActions:
    """Bound to one process's store; ``notify_workers`` as at intake."""

    def __init__(self, database: Database, sealer: Sealer, clock: Clock, entropy: Entropy, notify_workers: NotifyWorkers) -> None:
        """Nothing is held."""
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._entropy = entropy
        self._notify_workers = notify_workers

    async def cancel(self, caller: Caller, message: UUID) -> int | Rejection:
        """Cancel every delivery that was never attempted; how many. ``not_cancellable`` where there is none."""
        now, key = self._clock.now(), (caller.tenant, int(caller.environment), message)
        async with self._database.transaction() as session:
            count = await taking_back.cancel(session, *key, now, self._entropy.new_id)
            if count:
                return count
            return _TOO_LATE if await resend.stored(session, *key) is not None else _NOT_FOUND

    async def resend(self, caller: Caller, message: UUID) -> Accepted | Rejection:
        """Deliveries in doubt or failed go again as they were; of any other message a copy is accepted anew."""
        now, key = self._clock.now(), (caller.tenant, int(caller.environment), message)
        async with self._database.transaction() as session:
            stored = await resend.stored(session, *key)
            if stored is None:
                return _NOT_FOUND
            if stored.sealed is None:
                return _GONE
            everyone, type = (
                await resend.recipients(session, *key),
                await type_of_stored(session, caller.tenant, stored.type),
            )
            flow = await accept.flow(session, caller.tenant, int(caller.environment), stored.stream)
            again = [r for r in everyone if r.state in _AGAIN]
            if again:
                heads = [await self._requeue(session, caller, stored, r, type, flow, now) for r in again]
                accepted = _reply(message, again, _promised(type, now))
            else:
                row = self._copy(caller, stored, everyone, type, flow, now)
                await accept.accept(session, [row], now, self._entropy.new_id)
                heads, accepted = [FlowHead(row.lane, row.flow, row.deadline)], row.reply
        self._notify_workers([head for head in heads if head is not None])
        return accepted

    async def _requeue(
        self,
        session: Session,
        caller: Caller,
        stored: StoredMessage,
        to: StoredRecipient,
        message_type: MessageType,
        flow: int,
        now: datetime,
    ) -> FlowHead | None:
        site = to.recipient.rpartition("@")[2]
        again = RequeuePlan(
            position=to.position, lane=message_type.lane, flow=flow, deadline=_deadline(message_type, now),
            expires_at=now + message_type.expires_after, site=site, header_domain=stored.header_from.rpartition("@")[2],
            flags=_flags(to.recipient), size=len(stored.sealed or b""), parent=message_type.parent,
        )  # fmt: skip
        return await resend.requeue(
            session, caller.tenant, int(caller.environment), stored.id, again, now, self._entropy.new_id(now)
        )

    def _copy(
        self,
        caller: Caller,
        stored: StoredMessage,
        everyone: list[StoredRecipient],
        message_type: MessageType,
        flow: int,
        now: datetime,
    ) -> MessageRow:
        """The same content under a new id: bound to it anew, with a Message-ID of its own."""
        new = self._entropy.new_id(now)
        wanted = [r for r in everyone if r.state != "suppressed"]
        return MessageRow(
            tenant=caller.tenant, environment=int(caller.environment), id=new, type=stored.type, stream=stored.stream, keep=stored.keep,
            header_from=stored.header_from, header_domain=stored.header_from.rpartition("@")[2], created_at=now, occurred_at=None,
            send_at=None, deliver_by=_promised(message_type, now),
            expires_at=now + message_type.expires_after, dedupe_key=None, fingerprint=b"", dedupe_until=now, supersedes=None,
            template=stored.template, template_version=stored.template_version, locale=stored.locale, tags=tuple(stored.tags),
            metadata=stored.metadata, tracking=stored.tracking, credential=caller.credential, door=caller.door,
            reply=_reply(new, wanted, _promised(message_type, now)), key_id=self._sealer.key_id,
            subject=self._rebound(stored, stored.subject, new) or b"", sealed=self._rebound(stored, stored.sealed, new) or b"",
            variables=self._rebound(stored, stored.variables, new), lane=message_type.lane, parent=message_type.parent, flow=flow,
            deadline=_deadline(message_type, now), due=None, since=now,
            deliveries=tuple(
                DeliveryRow(
                    position=r.position, recipient=r.recipient, role=r.role, site=r.recipient.rpartition("@")[2],
                    flags=_flags(r.recipient), reason="resent", event_id=self._entropy.new_id(now),
                )
                for r in wanted
            ),
        )  # fmt: skip

    def _rebound(self, stored: StoredMessage, sealed: bytes | None, new: UUID) -> bytes | None:
        """Sealed content bound to another message; None where there is none."""
        if sealed is None or stored.key_id is None:
            return None
        return self._sealer.seal(self._sealer.open(sealed, stored.key_id, stored.id.bytes), new.bytes)


def _reply(message: UUID, to: list[StoredRecipient], deliver_by: datetime | None) -> Accepted:
    return Accepted(
        id=ids.text("msg", message), status="queued", deliver_by=deliver_by, duplicate=False,
        deliveries=tuple(AcceptedDelivery(r.recipient, "queued") for r in to),
    )  # fmt: skip


def _deadline(message_type: MessageType, now: datetime) -> datetime:
    return _promised(message_type, now) or now + _UNPROMISED


def _promised(message_type: MessageType, now: datetime) -> datetime | None:
    return None if message_type.target is None else now + message_type.target


def _flags(recipient: str) -> int:
    flags = 0 if recipient.isascii() else int(QueueFlag.SMTPUTF8)
    return flags | (QueueFlag.SIMULATOR if recipient.endswith("@" + DOMAIN) else 0)
