"""What becomes of a person's reply: an event of the delivery it answers, and the reply forwarded to the stream's reply address.

The event, the note that it was taken, and the forwarded message in the queue are one transaction, so a crash takes all of it or
nothing. A reply is known by its own words (``PersonalReply.digest``): one that comes twice has one event and is forwarded once.
Mail to the operator's mailboxes goes the same way, to the address that is set for it, or into the built-in inbox.

Known sharp edges: the event names the author, never what was written: events outlive content (O5), and a subject may quote a
code. Of one delivery ``MOST_REPLIES`` are taken: anybody who has its return path could otherwise write to the reply address for
ever.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.mail.address import parse_mailbox
from posthouse.mail.reports.personal_reply import PersonalReply
from posthouse.model import ids
from posthouse.model.event import EventType
from posthouse.model.feedback import FeedbackSubject, RawFeedback
from posthouse.model.inbox import NewInboxItem
from posthouse.model.keys import DeliveryKey, LookupKey
from posthouse.model.mailbox import Mailbox
from posthouse.model.queue import FlowHead
from posthouse.pipeline.feedback.receive import OPERATOR_SOURCE
from posthouse.pipeline.feedback.reply_forwarder import DOOR, ReplyForwarder, ReplyToForward
from posthouse.pipeline.feedback.take import ERASED, REPORTS_TAKEN_FOR, FeedbackParts
from posthouse.policy.recipients.reply_forwarding import NotForwarded, is_listed, own_domain
from posthouse.store.messages import events, inbox
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import feedback, suppression_lookup
from posthouse.store.seal import Sealer
from posthouse.store.tenants import domains, streams, tenants
from posthouse.telemetry import metrics

MOST_REPLIES: Final = 20
OPERATOR_STREAM: Final = "operator"
_INBOX_OCTETS: Final = 512 * 1024
_NO_MESSAGE: Final = UUID(int=0)


class ReplyParts(msgspec.Struct, frozen=True, kw_only=True):
    """``own_domains``: those our mail comes from on the wire.

    ``operator``: who gets mail to postmaster and abuse, None: the inbox.
    """

    feedback: FeedbackParts
    sealer: Sealer
    forwarder: ReplyForwarder
    own_domains: tuple[str, ...]
    operator: Mailbox | None = None


class PersonalReplies:
    """One per process that takes what comes back."""

    def __init__(self, parts: ReplyParts) -> None:
        self._parts = parts

    async def take(self, key: DeliveryKey, reply: PersonalReply, source: str) -> None:
        """A reply to one of our deliveries. Errors: what Postgres raises; nothing was done then."""
        database, now = self._parts.feedback.database, self._parts.feedback.clock.now()
        async with database.session() as session:
            subject = await feedback.subject(session, key)
        if subject is None or subject.recipient == ERASED or now - subject.created_at > REPORTS_TAKEN_FOR:
            metrics.LETTERS.labels("reply", "too_late").inc()
            return
        to = await self._reply_address(key.tenant, subject.stream)
        async with database.transaction() as session:
            await feedback.subject(session, key)  # locks the row: replies to one delivery are counted one after the other
            outcome, heads = await self._take_in(session, key, subject, reply, source=source, to=to, now=now)
        self._parts.forwarder.announce(heads)
        metrics.LETTERS.labels("reply", outcome).inc()

    async def take_operators(self, raw: RawFeedback, reply: PersonalReply | None) -> None:
        """Mail to postmaster or abuse: forwarded where it may be, else stored in the built-in inbox."""
        now = self._parts.feedback.clock.now()
        heads: list[FlowHead] = []
        async with self._parts.feedback.database.transaction() as session:
            name = f"{OPERATOR_SOURCE}/{raw.id if reply is None else reply.digest.hex()}"
            if not await feedback.once(session, raw.tenant, raw.environment, OPERATOR_SOURCE, name, now):
                return
            forward = await self._operators_forward(session, raw, reply)
            if forward is None:
                await self._store_in_inbox(session, raw, now)
            else:
                _, heads = await self._parts.forwarder.put(session, forward, now)
        self._parts.forwarder.announce(heads)
        metrics.LETTERS.labels(OPERATOR_SOURCE, "kept" if forward is None else "forwarded").inc()

    async def _take_in(
        self,
        session: Session,
        key: DeliveryKey,
        subject: FeedbackSubject,
        reply: PersonalReply,
        *,
        source: str,
        to: Mailbox | None,
        now: datetime,
    ) -> tuple[str, list[FlowHead]]:
        """The outcome as the metric has it, and what to announce once this is committed."""
        if await feedback.count_replies(session, key, MOST_REPLIES) >= MOST_REPLIES:
            return "too_many", []
        # "letter" is in names that are stored already: another word would take every reply a second time.
        name = f"{ids.text('msg', key.message)}/{key.position}/letter/{reply.digest.hex()}"
        if not await feedback.once(session, key.tenant, key.environment, source, name, now):
            return "known", []
        data: dict[str, Any] = {"source": source, "author": reply.author, "replyMessageId": reply.message_id}
        heads: list[FlowHead] = []
        forward = None
        if to is not None:
            forward = ReplyToForward(
                tenant=key.tenant,
                environment=key.environment,
                stream=subject.stream,
                resender=subject.header_from,
                to=to,
                reply=reply,
            )
        why_not = await self._why_not_forwarded(session, forward, subject)
        data["forwarded"] = not why_not
        if why_not:
            data["reason"] = str(why_not)
        elif forward is not None:
            message, heads = await self._parts.forwarder.put(session, forward, now)
            data["forwardedAs"] = ids.text("msg", message)
        await self._append_event(session, key, data, now)
        return str(why_not) or "forwarded", heads

    async def _why_not_forwarded(self, session: Session, forward: ReplyToForward | None, subject: FeedbackSubject) -> str:
        if forward is None:
            return NotForwarded.NO_REPLY_ADDRESS
        if subject.door == DOOR:  # a reply to what we forwarded
            return NotForwarded.LOOPED
        return await self._why_not(session, forward, subject.header_from.rpartition("@")[2])

    async def _operators_forward(self, session: Session, raw: RawFeedback, reply: PersonalReply | None) -> ReplyToForward | None:
        """To the operator; None where it goes into the inbox."""
        operator = self._parts.operator
        if reply is None or operator is None:
            return None
        forward = ReplyToForward(
            tenant=raw.tenant,
            environment=raw.environment,
            stream=OPERATOR_STREAM,
            resender=_recipient(raw),
            to=operator,
            reply=reply,
            tags=(OPERATOR_STREAM,),
        )
        return None if await self._why_not(session, forward) else forward

    async def _why_not(self, session: Session, forward: ReplyToForward, *own: str) -> str:
        """What speaks against forward it; '' where nothing does. ``own``: further domains that are ours."""
        reply, to = forward.reply, forward.to
        if reply.blocked_reason:
            return reply.blocked_reason
        if reply.content is None:
            return NotForwarded.UNREADABLE
        if reply.author.lower() == to.address.lower():
            return NotForwarded.LOOPED
        tenants_domains = await domains.names(session, forward.tenant)
        if own_domain(reply.author, (*self._parts.own_domains, *own, *tenants_domains)):
            return NotForwarded.OWN_DOMAIN
        key = LookupKey(forward.tenant, forward.environment, self._parts.feedback.key.of(to.address))
        [facts] = await suppression_lookup.find(session, [key], self._parts.feedback.clock.now())
        return NotForwarded.SUPPRESSED if is_listed(facts.entries, forward.stream) else ""

    async def _append_event(self, session: Session, key: DeliveryKey, data: dict[str, Any], now: datetime) -> None:
        await events.append(
            session,
            key.tenant,
            key.environment,
            self._parts.feedback.entropy.new_id(now),
            EventType.REPLIED.value,
            now,
            {name: value for name, value in data.items() if value != ""},
            message=key.message,
            position=key.position,
        )

    async def _reply_address(self, tenant: int, stream: str) -> Mailbox | None:
        """Whom replies go to: the stream's reply address, else the tenant's."""
        database = self._parts.feedback.database
        address = (await streams.get(database, tenant, stream)).reply_to
        if not address:
            owner = await tenants.by_id(database, tenant)
            address = "" if owner is None else owner.reply_to or ""
        parsed = parse_mailbox(address) if address else None
        return parsed if isinstance(parsed, Mailbox) else None

    async def _store_in_inbox(self, session: Session, raw: RawFeedback, now: datetime) -> None:
        item = NewInboxItem(
            id=raw.id,
            tenant=raw.tenant,
            environment=raw.environment,
            message=_NO_MESSAGE,
            position=0,
            recipient=_recipient(raw),
            type="notification",
            data=raw.body[:_INBOX_OCTETS],
        )
        await inbox.insert_many(session, self._parts.sealer, [item], now)


def _recipient(raw: RawFeedback) -> str:
    """The address that operators' mail came to."""
    return raw.headers.get("recipient", OPERATOR_SOURCE)
