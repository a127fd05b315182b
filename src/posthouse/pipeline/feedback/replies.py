"""What becomes of a person's letter: an event of the delivery it answers, and the letter to whom the stream names for answers.

Event, note that it was taken, and the letter in the queue are one transaction, so a crash takes all of it or nothing. A
letter is known by its own words (``Letter.digest``): one that comes twice is told and handed on once. Mail to the operator's
mailboxes goes the same way, to the address that is set for it, or is kept in the built-in inbox.

Known sharp edges: the event says who wrote, never what: events outlive content (O5), and a subject may quote a code. Of one
delivery ``MOST`` letters are told of; whoever has its return path could otherwise write to the reply address for ever.
"""

from collections.abc import Collection
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
from posthouse.pipeline.feedback.reply_forwarder import DOOR, ReplyForwarder, ReplyToForward
from posthouse.pipeline.feedback.take import ERASED, REPORTS, FeedbackParts
from posthouse.policy.recipients.reply_forwarding import NotForwarded as Why
from posthouse.policy.recipients.reply_forwarding import is_listed, own_domain
from posthouse.store.messages import events, inbox
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import feedback, suppression_lookup
from posthouse.store.seal import Sealer
from posthouse.store.tenants import domains, streams, tenants
from posthouse.telemetry import metrics

MOST: Final = 20
OPERATORS: Final = "operator"  # the stream, and the source of what waits
_INBOX_OCTETS: Final = 512 * 1024
_NO_MESSAGE: Final = UUID(int=0)


class ReplyParts(msgspec.Struct, frozen=True, kw_only=True):
    """``ours``: domains that our mail comes from on the wire. ``operator``: who gets mail to postmaster and abuse, None for nobody."""

    feedback: FeedbackParts
    sealer: Sealer
    forwarder: ReplyForwarder
    ours: tuple[str, ...]
    operator: Mailbox | None = None


class PersonalReplies:
    """One per process that takes what comes back."""

    def __init__(self, parts: ReplyParts) -> None:
        """Nothing is held."""
        self._parts = parts

    async def take(self, place: DeliveryKey, letter: PersonalReply, source: str) -> None:
        """A letter about one of our deliveries. Errors: what Postgres raises; nothing was done then."""
        database, now = self._parts.feedback.database, self._parts.feedback.clock.now()
        where = (place.tenant, place.environment, place.message, place.position)
        async with database.session() as session:
            subject = await feedback.subject(session, *where)
        if subject is None or subject.recipient == ERASED or now - subject.created_at > REPORTS:
            metrics.LETTERS.labels("reply", "too_late").inc()
            return
        to = await self._answers(place.tenant, subject.stream)
        async with database.transaction() as session:
            await feedback.subject(session, *where)  # locked: one letter after the other
            what, heads = await self._told(session, place, subject, letter, source, to, now)
        self._parts.forwarder.announce(heads)
        metrics.LETTERS.labels("reply", what).inc()

    async def take_operators(self, raw: RawFeedback, letter: PersonalReply | None) -> None:
        """Mail to postmaster or abuse: handed on where it may be, else kept in the built-in inbox."""
        now, operator = self._parts.feedback.clock.now(), self._parts.operator
        recipient = raw.headers.get("recipient", OPERATORS)
        heads: list[FlowHead] = []
        async with self._parts.feedback.database.transaction() as session:
            name = f"{OPERATORS}/{letter.digest.hex()}" if letter is not None else f"{OPERATORS}/{raw.id}"
            if not await feedback.once(session, raw.tenant, raw.environment, OPERATORS, name, now):
                return
            ours = await domains.names(session, raw.tenant)
            if (
                letter is None
                or operator is None
                or await self._why_not(session, raw.tenant, raw.environment, OPERATORS, operator, letter, ours)
            ):
                await self._keep(session, raw, recipient, now)
                what = "kept"
            else:
                forward = ReplyToForward(
                    tenant=raw.tenant, environment=raw.environment, stream=OPERATORS, resender=recipient, to=operator, letter=letter,
                    tags=(OPERATORS,),
                )  # fmt: skip
                _, heads = await self._parts.forwarder.put(session, forward, now)
                what = "forwarded"
        self._parts.forwarder.announce(heads)
        metrics.LETTERS.labels(OPERATORS, what).inc()

    async def _told(
        self, session: Session, place: DeliveryKey, subject: FeedbackSubject, letter: PersonalReply, source: str, to: Mailbox | None, now: datetime
    ) -> tuple[str, list[FlowHead]]:  # fmt: skip
        where = (place.tenant, place.environment, place.message, place.position)
        if await feedback.letters(session, *where, MOST) >= MOST:
            return "too_many", []
        name = f"{ids.text('msg', place.message)}/{place.position}/letter/{letter.digest.hex()}"
        if not await feedback.once(session, place.tenant, place.environment, source, name, now):
            return "known", []
        why: str = Why.NO_REPLY_ADDRESS
        if to is not None:
            ours = (subject.header_from.rpartition("@")[2], *await domains.names(session, place.tenant))
            again = Why.LOOPED if subject.door == DOOR else ""
            why = again or await self._why_not(session, place.tenant, place.environment, subject.stream, to, letter, ours)
        data: dict[str, Any] = {
            "source": source,
            "author": letter.author,
            "replyMessageId": letter.message_id,
            "forwarded": not why,
        }
        heads: list[FlowHead] = []
        if why:
            data["reason"] = str(why)
        elif to is not None:
            forward = ReplyToForward(
                tenant=place.tenant, environment=place.environment, stream=subject.stream, resender=subject.header_from, to=to, letter=letter,
            )  # fmt: skip
            new, heads = await self._parts.forwarder.put(session, forward, now)
            data["forwardedAs"] = ids.text("msg", new)
        await events.append(
            session, place.tenant, place.environment, self._parts.feedback.entropy.new_id(now), EventType.REPLIED.value, now,
            {key: value for key, value in data.items() if value != ""}, message=place.message, position=place.position,
        )  # fmt: skip
        return str(why) or "forwarded", heads

    async def _why_not(
        self,
        session: Session,
        tenant: int,
        environment: int,
        stream: str,
        to: Mailbox,
        letter: PersonalReply,
        ours: Collection[str],
    ) -> str:
        """What speaks against handing it on; '' where nothing does."""
        if letter.blocked_reason:
            return letter.blocked_reason
        if letter.content is None:
            return Why.UNREADABLE
        if letter.author.lower() == to.address.lower():
            return Why.LOOPED
        if own_domain(letter.author, (*self._parts.ours, *ours)):
            return Why.OWN_DOMAIN
        asked = LookupKey(tenant, environment, self._parts.feedback.key.of(to.address))
        [listed] = await suppression_lookup.find(session, [asked], self._parts.feedback.clock.now())
        return Why.SUPPRESSED if is_listed(listed.entries, stream) else ""

    async def _answers(self, tenant: int, stream: str) -> Mailbox | None:
        """Whom answers go to: the stream's reply address, else the tenant's."""
        database = self._parts.feedback.database
        named = (await streams.get(database, tenant, stream)).reply_to
        if not named:
            found = await tenants.by_id(database, tenant)
            named = "" if found is None else found.reply_to or ""
        parsed = parse_mailbox(named) if named else None
        return parsed if isinstance(parsed, Mailbox) else None

    async def _keep(self, session: Session, raw: RawFeedback, recipient: str, now: datetime) -> None:
        item = NewInboxItem(
            id=raw.id, tenant=raw.tenant, environment=raw.environment, message=_NO_MESSAGE, position=0, recipient=recipient,
            type="notification", data=raw.body[:_INBOX_OCTETS],
        )  # fmt: skip
        await inbox.insert_many(session, self._parts.sealer, [item], now)
