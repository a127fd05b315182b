"""Message types over HTTP: the built-in ones, and those that the tenant made, added and removed."""

from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.message_types import add_type, remove_type
from posthouse.admin.message_types import list_types as own_types_of
from posthouse.admin.views.settings import built_in_type_view, own_type_view
from posthouse.doors.api.settings.wire import TypeBody
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters, read
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, ResponseDoc, name_in_path
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model.send_request import Caller, Rejection, invalid
from posthouse.model.timeline import cursor
from posthouse.model.views.settings import TypePage, TypeView
from posthouse.policy import types

_NO_TYPE: Final = not_found("There is no such message type.")


async def list_types(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The tenant's own, newest first, then the built-in."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    own_types = await own_types_of(parts.admin, actor_of(caller))
    rows = [(each.id, own_type_view(each)) for each in own_types]
    # Built-in ones come last in a list by age: their positions are the smallest ids there are.
    rows += [(UUID(int=len(types.ALL) - at), built_in_type_view(each)) for at, each in enumerate(types.ALL)]
    rows = [row for row in rows if before is None or row[0] < before]
    page, more = rows[:limit], len(rows) > limit
    return answer(TypePage([view for _, view in page], cursor(page[-1][0]) if more else None))


async def get_type(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One of either."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    if name in types.BY_NAME:
        return answer(built_in_type_view(types.BY_NAME[name]))
    own_types = await own_types_of(parts.admin, actor_of(caller))
    own = next((each for each in own_types if each.name == name), None)
    return refuse(_NO_TYPE) if own is None else answer(own_type_view(own))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A type of the tenant's own; 201."""
    body = await read(parts, request, TypeBody)
    if isinstance(body, Rejection):
        return refuse(body)
    added = await add_type(parts.admin, actor_of(caller), body.name, body.parent, body.description or "")
    return refuse(added) if isinstance(added, Rejection) else answer(own_type_view(added), 201)


async def remove(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take one out of use, unless a live template or key names it; 204."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    rejection = await remove_type(parts.admin, actor_of(caller), request.path_params["name"])
    return Response(status_code=204) if rejection is None else refuse(rejection)


_NAME: Final = name_in_path("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", "order_update", maxLength=64)
_EXAMPLES: Final[dict[str, Any]] = {
    "update": {
        "summary": "Word of an order under way",
        "value": {"name": "order_update", "parent": "shipping_update", "description": "Order under way"},
    }
}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/types", handler=list_types, operation_id="listTypes", summary="List message types, own and built-in", tag="Settings",
        query=(CURSOR, LIMIT), responses={200: ResponseDoc("A page of types.", TypePage)},
    ),
    Endpoint(
        method="POST", path="/v1/types", handler=create, operation_id="createType", takes_live_key=True, summary="Make a message type that behaves as a built-in one", tag="Settings",
        body=TypeBody, examples=_EXAMPLES, responses={201: ResponseDoc("The type.", TypeView)},
    ),
    Endpoint(
        method="GET", path="/v1/types/{name}", handler=get_type, operation_id="getType", summary="One message type", tag="Settings", path_parameters=_NAME,
        responses={200: ResponseDoc("The type.", TypeView)},
    ),
    Endpoint(
        method="DELETE", path="/v1/types/{name}", handler=remove, operation_id="removeType", takes_live_key=True, tag="Settings", path_parameters=_NAME,
        summary="Take a type out of use that no live template or key names", responses={204: ResponseDoc("Out of use; what was sent as it stays.")},
    ),
)  # fmt: skip
