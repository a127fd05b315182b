"""A tenant's streams over HTTP: made, and set to what its mail needs."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.context import AdminContext
from posthouse.admin.streams import change_stream, create_stream, find_stream, put_stream
from posthouse.doors.api.settings.wire import NewStreamBody, StreamBody, changes
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters, read
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, ResponseDoc, name_in_path
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model.actor import Actor
from posthouse.model.send_request import Caller, Rejection, invalid
from posthouse.model.stream import NAME, Stream
from posthouse.model.timeline import cursor
from posthouse.model.views.settings import StreamPage
from posthouse.store.tenants import streams

_UseCase = Callable[[AdminContext, Actor, str, dict[str, Any]], Awaitable[Stream | Rejection]]
_NO_STREAM: Final = not_found("A stream's name is small letters, digits, '.', '_' and '-'.")


async def list_streams(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Streams with their settings, by name."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    # Streams are never removed, so a page may begin at a position in the list: none is skipped.
    begin = 0 if before is None else before.int
    stored = await streams.list_streams(parts.database, caller.tenant)
    end = begin + limit
    return answer(StreamPage(stored[begin:end], cursor(UUID(int=end)) if end < len(stored) else None))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A stream with these settings; 201."""
    body = await read(parts, request, NewStreamBody)
    if isinstance(body, Rejection):
        return refuse(body)
    settings = changes(body)
    stream = await create_stream(parts.admin, actor_of(caller), settings.pop("name"), settings)
    return refuse(stream) if isinstance(stream, Rejection) else answer(stream, 201)


async def get_stream(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One stream."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    if not NAME.fullmatch(name):
        return refuse(_NO_STREAM)
    stream = await find_stream(parts.database, caller.tenant, name)
    return refuse(stream) if isinstance(stream, Rejection) else answer(stream)


async def patch_stream(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of its settings."""
    return await _change(parts, caller, request, change_stream)


async def put(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The same, and make the stream where there is none."""
    return await _change(parts, caller, request, put_stream)


async def _change(parts: ApiParts, caller: Caller, request: Request, use_case: _UseCase) -> Response:
    body = await read(parts, request, StreamBody)
    if isinstance(body, Rejection):
        return refuse(body)
    name = request.path_params["name"]
    if not NAME.fullmatch(name):
        return refuse(_NO_STREAM)
    stream = await use_case(parts.admin, actor_of(caller), name, changes(body))
    return refuse(stream) if isinstance(stream, Rejection) else answer(stream)


_NAME: Final = name_in_path("^[a-z0-9][a-z0-9._-]{0,63}$", "transactional")
_CREATE_EXAMPLES: Final[dict[str, Any]] = {
    "orders": {
        "summary": "Orders, with their own author",
        "value": {"name": "orders", "from": "Shop <orders@shop.example>", "replyTo": "help@shop.example"},
    }
}
_CHANGE_EXAMPLES: Final[dict[str, Any]] = {
    "policy": {"summary": "Refuse content that does not belong here", "value": {"contentPolicy": "refuse"}}
}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/streams", handler=list_streams, operation_id="listStreams", summary="List streams", tag="Settings", query=(CURSOR, LIMIT),
        responses={200: ResponseDoc("A page of streams, by name.", StreamPage)},
    ),
    Endpoint(
        method="POST", path="/v1/streams", handler=create, operation_id="createStream", takes_live_key=True, summary="Make a stream", tag="Settings", body=NewStreamBody,
        examples=_CREATE_EXAMPLES, responses={201: ResponseDoc("Its settings.", Stream)}, refusals=("conflict",),
    ),
    Endpoint(
        method="GET", path="/v1/streams/{name}", handler=get_stream, operation_id="getStream", summary="One stream", tag="Settings", path_parameters=_NAME,
        responses={200: ResponseDoc("Its settings.", Stream)},
    ),
    Endpoint(
        method="PATCH", path="/v1/streams/{name}", handler=patch_stream, operation_id="changeStream", takes_live_key=True, summary="Change a stream's settings", tag="Settings",
        path_parameters=_NAME, body=StreamBody, examples=_CHANGE_EXAMPLES, responses={200: ResponseDoc("Its settings as they are then.", Stream)},
    ),
    Endpoint(
        method="PUT", path="/v1/streams/{name}", handler=put, operation_id="putStream", takes_live_key=True, summary="Change a stream's settings, or make it", tag="Settings",
        path_parameters=_NAME, body=StreamBody, examples=_CHANGE_EXAMPLES, responses={200: ResponseDoc("Its settings as they are then.", Stream)},
        refusals=("conflict",),
    ),
)  # fmt: skip
