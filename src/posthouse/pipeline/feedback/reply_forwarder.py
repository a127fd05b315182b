"""A letter that is handed on goes through our own queue like any mail: the same bytes, with trace fields before them.

RFC 5322 section 3.6.6 (Resent-…), RFC 5321 section 4.4 (Received). It is its author's mail, so it is never signed by us: the row names no
header domain, whose keys would be taken. It leaves from a return path of its own, so what becomes of it is on a timeline.

Why it cannot go round: its message came in by the door ``inbound``, and what comes back about such a message is never
handed on; it carries our mark; and ``mail.reports.personal_reply`` holds what is automatic or was in too many hands.
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


class ReplyToForward(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed on: whose letter, from whose stream, to whom. ``resender``: the address it came to us for."""

    tenant: int
    environment: int
    stream: str
    resender: str
    to: Mailbox
    letter: PersonalReply
    tags: tuple[str, ...] = ()


class ReplyForwarder:
    """One per process that hands letters on."""

    def __init__(
        self, sealer: Sealer, hostname: str, new_id: Callable[[datetime], UUID], announce: Callable[[Sequence[FlowHead]], None]
    ) -> None:
        """``announce`` tells the workers, after the commit."""
        self._sealer = sealer
        self._hostname = hostname
        self._new_id = new_id
        self.announce = announce

    async def put(self, session: Session, forward: ReplyToForward, now: datetime) -> tuple[UUID, list[FlowHead]]:
        """Queue it in the transaction that is open: the message, and what to announce once that is committed."""
        flow = await accept.flow(session, forward.tenant, forward.environment, forward.stream)
        row = self._row(forward, flow, now)
        taken = await accept.accept(session, [row], now, self._new_id)
        return row.id, accept.heads([row], taken)

    def _row(self, forward: ReplyToForward, flow: int, now: datetime) -> MessageRow:
        new, kind, letter = self._new_id(now), NOTIFICATION, forward.letter
        content = self._content(forward, new, now)
        target = now + (kind.target or kind.expires_after)
        address = forward.to.address
        delivery = DeliveryRow(
            position=0, recipient=address, role=0, site=forward.to.domain, flags=_flags(forward.to, content), reason=None,
            event_id=self._new_id(now),
        )  # fmt: skip
        reply = Accepted(
            id=ids.text("msg", new), status="queued", deliver_by=target, duplicate=False,
            deliveries=(AcceptedDelivery(address, "queued", None),), warnings=(),
        )  # fmt: skip
        return MessageRow(
            tenant=forward.tenant, environment=forward.environment, id=new, type=kind.name, stream=forward.stream, keep=int(kind.keep),
            header_from=letter.author, header_domain="", created_at=now, occurred_at=None, send_at=None, deliver_by=target,
            expires_at=now + kind.expires_after, dedupe_key=None, fingerprint=b"", dedupe_until=now, supersedes=None, template=None,
            template_version=None, locale=None, tags=forward.tags, metadata=None, tracking=0, credential=DOOR, door=DOOR, reply=reply,
            key_id=self._sealer.key_id, subject=self._sealer.seal(letter.subject.encode("utf-8", "replace"), new.bytes),
            sealed=seal_content(self._sealer, content, new.bytes), variables=None, lane=int(kind.lane), flow=flow, deadline=target, due=None,
            since=now, deliveries=(delivery,),
        )  # fmt: skip

    def _content(self, forward: ReplyToForward, new: UUID, now: datetime) -> Content:
        """The letter with its trace before it, and a Message-ID where it has none."""
        content = forward.letter.content
        if content is None:
            raise ValueError("a letter that is held is not handed on")
        name = f"<{ids.letters(new.int)}@{self._hostname}>"
        trace = [
            f"Received: by {self._hostname} with ESMTP id {ids.text('msg', new)};\r\n ".encode()
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


def _flags(to: Mailbox, content: Content) -> int:
    return int(QueueFlag.SMTPUTF8) if needs_smtputf8(to) or not content.head.isascii() else 0
