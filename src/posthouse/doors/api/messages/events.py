"""``GET /v1/events``: every event of an environment, oldest first, without gaps: the same that webhooks post.

A program stores the id of the last event it has read and requests those ``after`` it.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import LIMIT, Endpoint, Parameter, ResponseDoc, id_schema
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.model.send_request import Caller, FieldError, invalid
from posthouse.model.views.messages import EventPage
from posthouse.model.webhook_event import PREFIX, public_event
from posthouse.store.messages.feed import events_after

_UNKNOWN_EVENT: Final = FieldError("after", "is no event of this environment, or one that is no longer kept")


async def list_events(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The events after a known one, or from the oldest."""
    query = Query(request.query_params, ("after", "limit"))
    after, limit = query.id("after", PREFIX), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    rows = await events_after(parts.database_of(caller), caller.tenant, caller.environment, after, limit)
    if rows is None:
        return refuse(invalid(_UNKNOWN_EVENT))
    events = [public_event(row, caller.environment.name.lower()) for row in rows]
    return answer(EventPage(data=events, next_cursor=events[-1].id if len(events) == limit else None))


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/events", handler=list_events, operation_id="listEvents", summary="Every event, oldest first, without gaps", tag="Events",
        query=(Parameter("after", "The last event that was seen.", id_schema("evt")), LIMIT),
        responses={200: ResponseDoc("A page of events.", EventPage)},
    ),
)  # fmt: skip
