"""``GET /v1/events``: every event of an environment, oldest first, without gaps: the same that webhooks post.

A program keeps the id of the last event it has seen and asks for those ``after`` it.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.answer import answer
from posthouse.doors.api.parts import ApiParts
from posthouse.doors.api.problem import invalid, refuse
from posthouse.doors.api.query import Query
from posthouse.model import ids
from posthouse.model.send_request import Caller, FieldError
from posthouse.store.feed import FedEvent, events_after

PREFIX: Final = "evt"
_NO_PLACE: Final = FieldError("after", "is no event of this environment, or one that is no longer kept")


class ToldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as webhooks post it. ``data`` holds messageId, recipient, reason, reply and the like where they apply."""

    id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


class EventPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of events, oldest first. ``nextCursor`` is what to give as ``after``; null where there are no more yet."""

    data: list[ToldEvent]
    next_cursor: str | None


async def list_events(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The events after one that is known, or from the oldest."""
    query = Query(request.query_params, ("after", "limit"))
    after, limit = query.id("after", PREFIX), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    found = await events_after(parts.database, caller.tenant, caller.environment, after, limit)
    if found is None:
        return refuse(invalid(_NO_PLACE))
    told = [_told(event, caller) for event in found]
    return answer(EventPage(data=told, next_cursor=told[-1].id if len(told) == limit else None))


def _told(event: FedEvent, caller: Caller) -> ToldEvent:
    about = {
        "messageId": event.message and ids.text("msg", event.message),
        "recipient": event.recipient,
        "messageType": event.message_type,
        "stream": event.stream,
        "environment": caller.environment.name.lower(),
        "dedupeKey": event.dedupe_key,
        "tags": event.tags,
        "metadata": event.metadata,
        "sequence": event.sequence or None,
        **(event.data or {}),
    }
    present = {name: value for name, value in about.items() if value not in (None, [], {})}
    return ToldEvent(id=ids.text(PREFIX, event.id), type=event.type, timestamp=event.at, data=present)
