"""What happened to messages: lists, one message with its whole timeline, and the facts its bytes are rebuilt from.

A delivery's state is its last state event by (xid, id); a message's status follows from those of its deliveries
(``model.delivery``). Every query is led by tenant and environment and bounded: a list that filters looks at no more
than ``SCANNED`` messages a page and then answers what it found and a cursor to go on from, so a page may
be short, even empty, and still not be the last.

Known sharp edges: subjects rest sealed, so they cannot be searched; one that is no longer kept, or whose secret key
is gone, is None. Events and attempts beyond ``MOST`` per message are left out, the oldest first.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from posthouse.model import ids
from posthouse.model.delivery import STATE_EVENTS, DeliveryState, message_status
from posthouse.model.stored_message import MessageFilter, RawDelivery, RawFacts
from posthouse.model.timeline import (
    AttemptView,
    DeliveryView,
    EventView,
    MessagePage,
    MessageView,
    TemplateView,
    cursor,
    measured_from,
)
from posthouse.store.messages import timeline_sql as sql
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import SealBroken, Sealer

if TYPE_CHECKING:
    from asyncpg import Record

SCANNED: Final = 10_000
MOST: Final = 1000
_CHUNK: Final = 500
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_END: Final = UUID(int=(1 << 128) - 1)


class _PageOfIds(msgspec.Struct, frozen=True):
    """Ids of a page, and from where to go on; None: nowhere."""

    messages: list[UUID]
    after: UUID | None


async def list_messages(database: Database, sealer: Sealer, tenant: int, environment: int, filter_: MessageFilter) -> MessagePage:
    """A page of messages, newest first."""
    async with database.session() as session:
        if filter_.status is None:
            page = await _page(session, tenant, environment, filter_, filter_.limit)
        else:
            page = await _page_by_status(session, tenant, environment, filter_, filter_.status)
        views = await _views(session, sealer, tenant, environment, page.messages)
    return MessagePage(tuple(views), None if page.after is None else cursor(page.after))


async def get_message(database: Database, sealer: Sealer, tenant: int, environment: int, message: UUID) -> MessageView | None:
    """One message with its timeline."""
    async with database.session() as session:
        views = await _views(session, sealer, tenant, environment, [message])
    return views[0] if views else None


async def raw_facts(database: Database, tenant: int, environment: int, message: UUID) -> RawFacts | None:
    """What the bytes of a message's deliveries depend on; None where there is no such message."""
    async with database.session() as session:
        row = await session.fetchrow(sql.CONTENT, tenant, environment, message)
        if row is None:
            return None
        pins = await session.fetch(sql.PINS, tenant, environment, message)
    return RawFacts(
        tenant=tenant,
        environment=environment,
        message=message,
        header_from=row[0],
        key_id=row[1],
        sealed=row[2],
        deliveries=tuple(
            RawDelivery(position=p, recipient=r, first_attempt_at=first, keyset=keyset, route=route, digest=digest)
            for p, r, first, keyset, route, digest in pins
        ),
    )


async def _page(session: Session, tenant: int, environment: int, filter_: MessageFilter, limit: int) -> _PageOfIds:
    """The newest ids that fit all but the status."""
    newest = ids.floor(filter_.until + timedelta(milliseconds=1)) if filter_.until else _END
    before = min(newest, filter_.before or _END)
    narrowing = (filter_.type, filter_.stream, filter_.tag, filter_.template, filter_.dedupe_key, filter_.recipient)
    scanned = SCANNED if any(narrowing) else limit + 1
    found, count, last = await session.fetchrow(
        _statement(filter_), tenant, environment, before, ids.floor(filter_.since or _FIRST), scanned, *narrowing, limit + 1
    )
    if len(found) > limit:
        return _PageOfIds(found[:limit], found[limit - 1])
    return _PageOfIds(found, last if count == scanned else None)


async def _page_by_status(session: Session, tenant: int, environment: int, filter_: MessageFilter, status: str) -> _PageOfIds:
    """Chunks of what fits otherwise, until enough have the status or enough were looked at."""
    messages: list[UUID] = []
    after = filter_.before
    for _ in range(SCANNED // _CHUNK):
        chunk = await _page(session, tenant, environment, msgspec.structs.replace(filter_, before=after), _CHUNK)
        statuses = dict(await session.fetch(sql.STATUSES, tenant, environment, chunk.messages, STATE_EVENTS))
        messages += [message for message in chunk.messages if _status(statuses.get(message, ())) == status]
        if len(messages) > filter_.limit:
            return _PageOfIds(messages[: filter_.limit], messages[filter_.limit - 1])
        after = chunk.after
        if after is None:
            break
    return _PageOfIds(messages, after)


def _statement(filter_: MessageFilter) -> str:
    """The index that narrows most leads."""
    if filter_.dedupe_key is not None:
        return sql.PAGE_BY_KEY
    return sql.PAGE_BY_RECIPIENT if filter_.recipient is not None else sql.PAGE


async def _views(session: Session, sealer: Sealer, tenant: int, environment: int, filter_: list[UUID]) -> list[MessageView]:
    if not filter_:
        return []
    key = (tenant, environment, filter_)
    messages = await session.fetch(sql.MESSAGES, *key)
    deliveries = _grouped(await session.fetch(sql.DELIVERIES, *key, STATE_EVENTS))
    attempts = _grouped(await session.fetch(sql.ATTEMPTS, *key, MOST))
    events = _grouped(await session.fetch(sql.EVENTS, *key, MOST))
    return [
        _view(row, sealer, deliveries.get(row["id"], []), attempts.get(row["id"], []), events.get(row["id"], []))
        for row in messages
    ]


def _grouped(rows: "list[Record]") -> "dict[UUID, list[Record]]":
    groups: dict[UUID, list[Record]] = {}
    for row in rows:
        groups.setdefault(row["message"], []).append(row)
    return groups


def _view(
    row: "Record", sealer: Sealer, deliveries: "list[Record]", attempts: "list[Record]", events: "list[Record]"
) -> MessageView:
    began = measured_from(row["created_at"], row["occurred_at"], row["send_at"])
    recipients = {d["position"]: d["recipient"] for d in deliveries}
    return MessageView(
        id=ids.text("msg", row["id"]),
        type=row["type"],
        stream=row["stream"],
        subject=_subject(row, sealer),
        from_=row["header_from"],
        status=_status([d["state"] for d in deliveries]),
        created_at=row["created_at"],
        occurred_at=row["occurred_at"],
        deliver_by=row["deliver_by"],
        expires_at=row["expires_at"],
        dedupe_key=row["dedupe_key"],
        tags=tuple(row["tags"]),
        metadata=row["metadata"] or {},
        template=None if row["template"] is None else TemplateView(row["template"], row["template_version"], row["locale"]),
        deliveries=tuple(_delivery(d, began, [a for a in attempts if a["position"] == d["position"]]) for d in deliveries),
        events=tuple(_event(e, recipients) for e in events),
    )


def _delivery(row: "Record", began: datetime, attempts: "list[Record]") -> DeliveryView:
    arrived = row["arrived_at"]
    return DeliveryView(
        recipient=row["recipient"],
        status=row["state"].removeprefix("message."),
        reason=row["reason"],
        latency_seconds=None if arrived is None else round((arrived - began).total_seconds(), 3),
        next_attempt_at=row["due"],
        attempts=tuple(_attempt(a) for a in attempts),
    )


def _attempt(row: "Record") -> AttemptView:
    return AttemptView(
        number=row["number"],
        route=row["route"],
        adapter=row["adapter"],
        remote_id=row["remote_id"] or None,
        outcome=row["outcome"],
        reply_code=row["reply_code"],
        enhanced_code=row["enhanced_code"],
        reply=row["reply"] or None,
        tls=row["tls"] or None,
        started_at=row["started_at"],
        duration_ms=round(row["duration_ms"], 3),
    )


def _event(row: "Record", recipients: dict[int, str]) -> EventView:
    data: dict[str, Any] = row["data"] or {}
    return EventView(
        id=ids.text("evt", row["id"]), type=row["type"], at=row["at"], recipient=recipients.get(row["position"]), data=data
    )


def _status(types: "list[str] | tuple[()]") -> str:
    return message_status([DeliveryState(type.removeprefix("message.")) for type in types] or [DeliveryState.QUEUED]).value


def _subject(row: "Record", sealer: Sealer) -> str | None:
    if row["subject"] is None:
        return None
    try:
        return sealer.open(row["subject"], row["key_id"], row["id"].bytes).decode()
    except SealBroken:
        return None
