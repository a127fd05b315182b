"""A reply that is forwarded goes through our own queue like any message: the same bytes, with trace fields before them.

RFC 5322 section 3.6.6 (Resent-…), RFC 5321 section 4.4 (Received). It is its author's mail, so it is never signed by us: the
row names no header domain, whose keys would be taken. It leaves from a return path of its own, so what becomes of it is on a
timeline.

Why it cannot loop: its message came in by the door ``inbound``, and what comes back about such a message is never forwarded; it
carries our mark; and ``mail.reports.personal_reply`` blocks what is automatic or passed too many hosts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from posthouse.mail.address import needs_smtputf8
from posthouse.mail.header import date_field
from posthouse.mail.reports.personal_reply import MARK, PersonalReply
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.mailbox import Mailbox
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.model.queue import FlowHead, QueueFlag
from posthouse.model.send_request import Accepted, AcceptedDelivery
from posthouse.policy.types.notice import NOTIFICATION
from posthouse.store.messages import accept
from posthouse.store.messages.contents import seal_content
from posthouse.store.postgres.database import Session
from posthouse.store.seal import Sealer

DOOR: Final = "inbound"
_TARGET: Final = NOTIFICATION.target or NOTIFICATION.expires_after


class ReplyToForward(msgspec.Struct, frozen=True, kw_only=True):
    """What is forwarded: from whose stream, to whom. ``resender``: the address of ours that it was written to."""

    tenant: int
    environment: int
    stream: str
    resender: str
    to: Mailbox
    reply: PersonalReply
    tags: tuple[str, ...] = ()


class ReplyForwarder:
    """One per process that forwards replies."""

    def __init__(
        self, sealer: Sealer, hostname: str, new_id: Callable[[datetime], UUID], announce: Callable[[Sequence[FlowHead]], None]
    ) -> None:
        """``announce`` notifies the workers; call it after the commit."""
        self._sealer = sealer
        self._hostname = hostname
        self._new_id = new_id
        self.announce = announce

    async def put(self, session: Session, forward: ReplyToForward, now: datetime) -> tuple[UUID, list[FlowHead]]:
        """Queue it in the transaction that is open: the message's id, and what to announce once that is committed."""
        flow = await accept.flow(session, forward.tenant, forward.environment, forward.stream)
        row = self._row(forward, flow, now)
        taken = await accept.accept(session, [row], now, self._new_id)
        return row.id, accept.heads([row], taken)

    def _row(self, forward: ReplyToForward, flow: int, now: datetime) -> MessageRow:
        id, reply, sealer = self._new_id(now), forward.reply, self._sealer
        content = self._content(forward, id, now)
        return MessageRow(
            tenant=forward.tenant,
            environment=forward.environment,
            id=id,
            type=NOTIFICATION.name,
            stream=forward.stream,
            keep=int(NOTIFICATION.keep),
            header_from=reply.author,
            header_domain="",
            created_at=now,
            occurred_at=None,
            send_at=None,
            deliver_by=now + _TARGET,
            expires_at=now + NOTIFICATION.expires_after,
            dedupe_key=None,
            fingerprint=b"",
            dedupe_until=now,
            supersedes=None,
            template=None,
            template_version=None,
            locale=None,
            tags=forward.tags,
            metadata=None,
            tracking=0,
            credential=DOOR,
            door=DOOR,
            reply=_accepted(id, forward.to, now),
            key_id=sealer.key_id,
            subject=sealer.seal(reply.subject.encode("utf-8", "replace"), id.bytes),
            sealed=seal_content(sealer, content, id.bytes),
            variables=None,
            lane=int(NOTIFICATION.lane),
            flow=flow,
            deadline=now + _TARGET,
            due=None,
            since=now,
            deliveries=(self._delivery(forward.to, content, now),),
        )

    def _delivery(self, to: Mailbox, content: Content, now: datetime) -> DeliveryRow:
        needs_utf8 = needs_smtputf8(to) or not content.head.isascii()
        return DeliveryRow(
            position=0,
            recipient=to.address,
            role=0,
            site=to.domain,
            flags=int(QueueFlag.SMTPUTF8) if needs_utf8 else 0,
            reason=None,
            event_id=self._new_id(now),
        )

    def _content(self, forward: ReplyToForward, id: UUID, now: datetime) -> Content:
        """The reply with its trace before it, and a Message-ID where it has none."""
        content = forward.reply.content
        if content is None:
            raise ValueError("a reply that is blocked is not forwarded")
        name = f"<{ids.letters(id.int)}@{self._hostname}>"
        trace = [
            f"Received: by {self._hostname} with ESMTP id {ids.text('msg', id)};\r\n ".encode()
            + date_field(now)[len(b"Date: ") :],
            b"Resent-" + date_field(now),
            f"Resent-From: {forward.resender}\r\nResent-To: {forward.to.address}\r\n".encode(),
            f"Resent-Message-ID: {name}\r\n{MARK.title()}: {self._hostname}\r\n".encode(),
        ]
        own = content.message_id or name
        if not content.message_id:
            trace.append(f"Message-ID: {name}\r\n".encode())
        return msgspec.structs.replace(
            content, head=b"".join((*trace, content.head)), message_id=own, header_from=forward.resender
        )


def _accepted(id: UUID, to: Mailbox, now: datetime) -> Accepted:
    return Accepted(
        id=ids.text("msg", id),
        status="queued",
        deliver_by=now + _TARGET,
        duplicate=False,
        deliveries=(AcceptedDelivery(to.address, "queued", None),),
        warnings=(),
    )
