"""What comes in from outside is stored here, sealed, before it is answered: returned mail and providers' hooks.

A door authenticates, or proves whose address it is (``find_destination``), and calls this; reading what was stored is the work
of ``pipeline.feedback.loop``. A report comes with the null return path (RFC 5321 section 4.5.5) and is cut to what is ever read
of it; anything else may be a person's reply, which may be forwarded, so it is stored whole.

Must never know: how it came in, or how that is answered.

Known sharp edges: mail to ``postmaster`` and ``abuse`` goes into the installation's own inbox where no operator is set, so
everybody who may read that inbox may read it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from posthouse.mail import link, return_path
from posthouse.mail.link import Link
from posthouse.mail.return_path import ReturnPath
from posthouse.model.clock import Clock
from posthouse.model.feedback import HookAddress, RawFeedback
from posthouse.model.hook import Hook
from posthouse.model.inbox import NewInboxItem
from posthouse.pipeline.feedback.read_returned import REPORT_OCTETS
from posthouse.store.messages import inbox
from posthouse.store.postgres.database import Database, Session
from posthouse.store.recipients import feedback
from posthouse.store.seal import Sealer

MOST_WHOLE: Final = 5 << 20  # octets of what may be forwarded
OPERATOR_MAILBOXES: Final = frozenset({"postmaster", "abuse"})  # RFC 5321 section 4.5.1, RFC 2142
REPORT_SOURCE: Final = "report"
UNSUBSCRIBE_SOURCE: Final = "unsubscribe"
OPERATOR_SOURCE: Final = "operator"
HOOK_SOURCE: Final = "hook:"  # and the provider
_OPERATOR_TENANT: Final = 1
_LIVE: Final = 1
_STORED_HEADERS: Final = ("svix-id",)  # what names an event outside the body
_NO_MESSAGE: Final = UUID(int=0)


class OperatorMailbox(msgspec.Struct, frozen=True):
    """A mailbox that every mail server must have."""

    name: str


Destination: TypeAlias = ReturnPath | Link | OperatorMailbox


class ReturnedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A message for one destination. ``recipient``: the address it came to; ``return_path``: of its envelope, '' the null one."""

    destination: Destination
    recipient: str
    return_path: str
    data: bytes


def find_destination(token_keys: Sequence[bytes], local_part: str) -> Destination | None:
    """Whose address it is, proved by its signature alone, without the database; None where it is nobody's.

    ``token_keys``: newest first.
    """
    if local_part.lower() in OPERATOR_MAILBOXES:
        return OperatorMailbox(local_part.lower())
    for key in token_keys:
        found = return_path.read(key, local_part)
        if found is not None:
            return found
    return link.read_address(tuple(link.link_key(key) for key in token_keys), local_part)


class FeedbackReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """``new_id`` makes a time-ordered id.

    ``has_operator``: operators' mail waits to be forwarded, instead of going into the inbox.

    Errors of all methods: what Postgres raises; nothing was stored then.
    """

    database: Database
    sealer: Sealer
    clock: Clock
    new_id: Callable[[datetime], UUID]
    has_operator: bool = False

    def must_be_whole(self, mail: ReturnedMail) -> bool:
        """Whether it may be a person's, and so may be forwarded. Refuse it where it is larger than ``MOST_WHOLE``."""
        if mail.return_path == "":
            return False
        return isinstance(mail.destination, ReturnPath) or (isinstance(mail.destination, OperatorMailbox) and self.has_operator)

    async def receive_mail(self, mails: Sequence[ReturnedMail]) -> None:
        """Store returned mail, all of it or nothing."""
        now = self.clock.now()
        async with self.database.transaction() as session:
            for mail in mails:
                await self._store_mail(session, mail, now)

    async def receive_report(self, destination: ReturnPath, data: bytes) -> None:
        """Store returned mail whose envelope is not known."""
        now = self.clock.now()
        body = data if len(data) <= MOST_WHOLE else data[:REPORT_OCTETS]
        async with self.database.transaction() as session:
            await feedback.put(session, self.sealer, self._raw(destination, body, {}, now))

    async def receive_hook(self, address: HookAddress, hook: Hook, once: str) -> bool:
        """Store a provider's call; False where one of that name (``once``, '' for none) was stored before."""
        now = self.clock.now()
        raw = RawFeedback(
            id=self.new_id(now),
            tenant=address.tenant,
            environment=address.environment,
            source=f"{HOOK_SOURCE}{address.provider}",
            body=hook.body,
            received_at=now,
            headers={name: hook.headers[name] for name in _STORED_HEADERS if name in hook.headers},
        )
        return await feedback.put_once(self.database, self.sealer, raw, once)

    async def _store_mail(self, session: Session, mail: ReturnedMail, now: datetime) -> None:
        if isinstance(mail.destination, OperatorMailbox) and not self.has_operator:
            await self._store_in_inbox(session, mail, now)
            return
        body = mail.data if self.must_be_whole(mail) else mail.data[:REPORT_OCTETS]
        envelope = {"return-path": mail.return_path, "recipient": mail.recipient}
        await feedback.put(session, self.sealer, self._raw(mail.destination, body, envelope, now))

    async def _store_in_inbox(self, session: Session, mail: ReturnedMail, now: datetime) -> None:
        item = NewInboxItem(
            id=self.new_id(now),
            tenant=_OPERATOR_TENANT,
            environment=_LIVE,
            message=_NO_MESSAGE,
            position=0,
            recipient=mail.recipient,
            type="notification",
            data=mail.data[:REPORT_OCTETS],
        )
        await inbox.insert_many(session, self.sealer, [item], now)

    def _raw(self, destination: Destination, body: bytes, envelope: Mapping[str, str], now: datetime) -> RawFeedback:
        if isinstance(destination, OperatorMailbox):
            return RawFeedback(
                id=self.new_id(now),
                tenant=_OPERATOR_TENANT,
                environment=_LIVE,
                source=OPERATOR_SOURCE,
                body=body,
                received_at=now,
                headers=dict(envelope),
            )
        return RawFeedback(
            id=self.new_id(now),
            tenant=destination.tenant,
            environment=destination.environment,
            message=destination.message,
            position=destination.position,
            source=REPORT_SOURCE if isinstance(destination, ReturnPath) else UNSUBSCRIBE_SOURCE,
            body=body,
            received_at=now,
            headers=dict(envelope),
        )
