"""A message after it was accepted: cancelled before its first attempt, or sent once more on request.

Resent, deliveries that failed or are in doubt go again as they were; of any other message a copy is accepted under a new id.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from posthouse.admin.audit import record_in_environment
from posthouse.admin.context import AdminContext
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.model.message_type import MessageType
from posthouse.model.queue import FlowHead, QueueFlag
from posthouse.model.send_request import Accepted, AcceptedDelivery, Rejection
from posthouse.model.stored_message import RequeuePlan, StoredMessage, StoredRecipient
from posthouse.pipeline.accept.message_type import type_of_stored
from posthouse.policy.deliver.simulate import DOMAIN
from posthouse.store.messages import accept, resend
from posthouse.store.messages import cancel as cancelling
from posthouse.store.postgres.database import Session
from posthouse.store.seal import Sealer

PREFIX: Final = "msg"
NO_MESSAGE: Final = Rejection("not_found", "There is no such message.")
_GONE: Final = Rejection("not_cancellable", "Its content is no longer kept, so it cannot be sent again.")
_TOO_LATE: Final = Rejection("not_cancellable", "Every delivery of this message has been attempted or has ended.")
_REQUEUED_STATES: Final = frozenset({"in_doubt", "failed"})
_NO_TARGET: Final = timedelta(hours=1)  # how soon a message is due whose type has no target
_DOORS: Final = {"api": "http", "dashboard": "http"}  # as a message's row names where it came from; else the actor's source


class _Terms(msgspec.Struct, frozen=True):
    """What holds for everything that is sent again: when, as which type, over which flow of its stream."""

    now: datetime
    type: MessageType
    flow: int

    @property
    def deliver_by(self) -> datetime | None:
        """The type's target; None where it has none."""
        return None if self.type.target is None else self.now + self.type.target

    @property
    def deadline(self) -> datetime:
        """What the queue orders by."""
        return self.deliver_by or self.now + _NO_TARGET

    @property
    def expires_at(self) -> datetime:
        """When it is given up."""
        return self.now + self.type.expires_after


async def cancel(context: AdminContext, actor: Actor, message: UUID) -> int | Rejection:
    """Cancel every delivery that was never attempted; how many. ``not_cancellable`` where there is none."""
    key, now = (actor.tenant, int(actor.environment), message), context.clock.now()
    async with context.database(actor).transaction() as session:
        count = await cancelling.cancel(session, *key, now, context.new_id)
        if not count:
            return _TOO_LATE if await resend.stored(session, *key) is not None else NO_MESSAGE
        await _record(context, session, actor, "message.cancelled", message, {"deliveries": count})
    return count


async def resend_message(context: AdminContext, actor: Actor, message: UUID) -> Accepted | Rejection:
    """Send a message once more; the reply names the copy, or the message itself where its deliveries go again."""
    key = (actor.tenant, int(actor.environment), message)
    async with context.database(actor).transaction() as session:
        stored = await resend.stored(session, *key)
        if stored is None:
            return NO_MESSAGE
        if stored.sealed is None:
            return _GONE
        recipients = await resend.recipients(session, *key)
        terms = _Terms(
            now=context.clock.now(),
            type=await type_of_stored(session, actor.tenant, stored.type),
            flow=await accept.flow(session, actor.tenant, int(actor.environment), stored.stream),
        )
        requeued = [recipient for recipient in recipients if recipient.state in _REQUEUED_STATES]
        if requeued:
            heads = [await _requeue(context, session, actor, stored, recipient, terms) for recipient in requeued]
            accepted = _reply(message, requeued, terms)
        else:
            row = _copy(context, actor, stored, recipients, terms)
            await accept.accept(session, [row], terms.now, context.new_id)
            heads, accepted = [FlowHead(row.lane, row.flow, row.deadline)], row.reply
        data = {"as": accepted.id, "deliveries": len(accepted.deliveries)}
        await _record(context, session, actor, "message.resent", message, data)
    context.announce([head for head in heads if head is not None])
    return accepted


async def _requeue(
    context: AdminContext,
    session: Session,
    actor: Actor,
    stored: StoredMessage,
    recipient: StoredRecipient,
    terms: _Terms,
) -> FlowHead | None:
    plan = RequeuePlan(
        position=recipient.position,
        lane=terms.type.lane,
        flow=terms.flow,
        deadline=terms.deadline,
        expires_at=terms.expires_at,
        site=recipient.recipient.rpartition("@")[2],
        header_domain=stored.header_from.rpartition("@")[2],
        flags=_flags(recipient.recipient),
        size=len(stored.sealed or b""),
        parent=terms.type.parent,
    )
    return await resend.requeue(
        session, actor.tenant, int(actor.environment), stored.id, plan, terms.now, context.new_id(terms.now)
    )


def _copy(
    context: AdminContext, actor: Actor, stored: StoredMessage, recipients: list[StoredRecipient], terms: _Terms
) -> MessageRow:
    """The same content under a new id: sealed to it anew, with a Message-ID of its own."""
    new = context.new_id(terms.now)
    copied = [recipient for recipient in recipients if recipient.state != "suppressed"]
    return MessageRow(
        tenant=actor.tenant,
        environment=int(actor.environment),
        id=new,
        type=stored.type,
        stream=stored.stream,
        keep=stored.keep,
        header_from=stored.header_from,
        header_domain=stored.header_from.rpartition("@")[2],
        created_at=terms.now,
        occurred_at=None,
        send_at=None,
        deliver_by=terms.deliver_by,
        expires_at=terms.expires_at,
        dedupe_key=None,
        fingerprint=b"",
        dedupe_until=terms.now,
        supersedes=None,
        template=stored.template,
        template_version=stored.template_version,
        locale=stored.locale,
        tags=tuple(stored.tags),
        metadata=stored.metadata,
        tracking=stored.tracking,
        credential=actor.name,
        door=_DOORS.get(actor.source, actor.source),
        reply=_reply(new, copied, terms),
        key_id=context.sealer.key_id,
        subject=_reseal(context.sealer, stored, stored.subject, new) or b"",
        sealed=_reseal(context.sealer, stored, stored.sealed, new) or b"",
        variables=_reseal(context.sealer, stored, stored.variables, new),
        lane=terms.type.lane,
        parent=terms.type.parent,
        flow=terms.flow,
        deadline=terms.deadline,
        due=None,
        since=terms.now,
        deliveries=tuple(_delivery(context, recipient, terms) for recipient in copied),
    )


def _delivery(context: AdminContext, recipient: StoredRecipient, terms: _Terms) -> DeliveryRow:
    return DeliveryRow(
        position=recipient.position,
        recipient=recipient.recipient,
        role=recipient.role,
        site=recipient.recipient.rpartition("@")[2],
        flags=_flags(recipient.recipient),
        reason="resent",
        event_id=context.new_id(terms.now),
    )


def _reseal(sealer: Sealer, stored: StoredMessage, sealed: bytes | None, new: UUID) -> bytes | None:
    """Sealed content bound to another message; None where there is none."""
    if sealed is None or stored.key_id is None:
        return None
    return sealer.seal(sealer.open(sealed, stored.key_id, stored.id.bytes), new.bytes)


def _reply(message: UUID, recipients: list[StoredRecipient], terms: _Terms) -> Accepted:
    return Accepted(
        id=ids.text(PREFIX, message),
        status="queued",
        deliver_by=terms.deliver_by,
        duplicate=False,
        deliveries=tuple(AcceptedDelivery(each.recipient, "queued") for each in recipients),
    )


def _flags(recipient: str) -> int:
    flags = 0 if recipient.isascii() else int(QueueFlag.SMTPUTF8)
    return flags | (QueueFlag.SIMULATOR if recipient.endswith("@" + DOMAIN) else 0)


async def _record(
    context: AdminContext, session: Session, actor: Actor, action: str, message: UUID, data: dict[str, object]
) -> None:
    await record_in_environment(context, session, actor, action, f"message/{ids.text(PREFIX, message)}", data)
