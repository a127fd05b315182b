"""``GET /v1/events``: every event of an environment, oldest first, without gaps: the same that webhooks post.

A program keeps the id of the last event it has seen and asks for those ``after`` it.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import invalid, refuse
from posthouse.doors.http.query import Query
from posthouse.model.send_request import Caller, FieldError
from posthouse.model.views.messages import EventPage
from posthouse.model.webhook_event import PREFIX, public_event
from posthouse.store.messages.feed import events_after

_NO_PLACE: Final = FieldError("after", "is no event of this environment, or one that is no longer kept")


async def list_events(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The events after one that is known, or from the oldest."""
    query = Query(request.query_params, ("after", "limit"))
    after, limit = query.id("after", PREFIX), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    found = await events_after(parts.database, caller.tenant, caller.environment, after, limit)
    if found is None:
        return refuse(invalid(_NO_PLACE))
    told = [public_event(event, caller.environment.name.lower()) for event in found]
    return answer(EventPage(data=told, next_cursor=told[-1].id if len(told) == limit else None))
