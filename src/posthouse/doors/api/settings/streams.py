"""A tenant's streams over HTTP: made, and set to what its mail needs."""

import re
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import settings
from posthouse.doors.api.settings.wire import NewStreamBody, StreamBody, changes, misaddressed
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import actor, no_parameters, read
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, ResponseDoc, name_in_path
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.model.stream import Stream
from posthouse.model.timeline import cursor
from posthouse.model.views.settings import StreamPage
from posthouse.store.tenants import domains, streams

STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_NO_STREAM: Final = not_found("A stream's name is small letters, digits, '.', '_' and '-'.")


async def list_streams(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Streams with their settings, by name."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    begun = 0 if before is None else before.int  # streams are never removed, so a place in the list skips none
    found = await streams.list_streams(parts.database, caller.tenant)
    more = begun + limit < len(found)
    return answer(StreamPage(found[begun : begun + limit], cursor(UUID(int=begun + limit)) if more else None))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A stream with these settings; 201."""
    asked = await read(parts, request, NewStreamBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    wanted = changes(asked)
    name = wanted.pop("name")
    if (wrong := await _unusable(parts, caller, wanted)) is not None:
        return refuse(wrong)
    made = await settings.create_stream(parts.templates.parts, actor(caller), name, wanted)
    if made is None:
        return refuse(_taken(name))
    parts.forget(caller.tenant)
    return answer(made, 201)


async def get_stream(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One stream; of one that nobody set anything for, the defaults."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    return answer(await streams.get(parts.database, caller.tenant, name)) if STREAM.fullmatch(name) else refuse(_NO_STREAM)


async def patch_stream(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of its settings."""
    asked = await read(parts, request, StreamBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    name, wanted = request.path_params["name"], changes(asked)
    if not STREAM.fullmatch(name):
        return refuse(_NO_STREAM)
    if (wrong := await _unusable(parts, caller, wanted)) is not None:
        return refuse(wrong)
    stream = await settings.change_stream(parts.templates.parts, actor(caller), name, wanted)
    parts.forget(caller.tenant)
    return answer(stream)


async def _unusable(parts: ApiParts, caller: Caller, wanted: dict[str, Any]) -> Rejection | None:
    """Why these settings cannot be, if so; ``trackingDomain`` is put into the form it has in links."""
    wrong = misaddressed(wanted)
    if wrong is None and wanted.get("tracking_domain"):
        host = await _own_host(parts, caller, wanted["tracking_domain"])
        if isinstance(host, Rejection):
            return host
        wanted["tracking_domain"] = host
    return wrong


def _taken(name: str) -> Rejection:
    told = f"There is a stream {name!r} already; PATCH /v1/streams/{name} changes it."
    return Rejection("validation_failed", told, (FieldError("name", "is taken by a stream of your own"),))


async def _own_host(parts: ApiParts, caller: Caller, text: str) -> str | Rejection:
    """The host as it stands in links: below a domain of the tenant's that is trusted or verified, so that nobody takes another's."""
    mailbox = parse_mailbox(f"postmaster@{text.strip()}")
    if isinstance(mailbox, AddressFault) or mailbox.domain.startswith("["):
        return invalid(FieldError("trackingDomain", "must be a host name such as links.shop.example"))
    mine = [one.name for one in await domains.list_domains(parts.database, caller.tenant) if one.trusted_at or one.verified_at]
    host = mailbox.domain.lower()
    if not any(host.endswith(f".{name}") for name in mine):
        known = f"; yours are {', '.join(mine[:10])}" if mine else "; there is none yet: `posthouse domain add NAME`"
        return invalid(FieldError("trackingDomain", f"must be below a domain of yours that is verified or trusted{known}"))
    return host


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
        method="POST", path="/v1/streams", handler=create, operation_id="createStream", summary="Make a stream", tag="Settings", body=NewStreamBody,
        examples=_CREATE_EXAMPLES, responses={201: ResponseDoc("Its settings.", Stream)},
    ),
    Endpoint(
        method="GET", path="/v1/streams/{name}", handler=get_stream, operation_id="getStream", summary="One stream", tag="Settings", path_parameters=_NAME,
        responses={200: ResponseDoc("Its settings.", Stream)},
    ),
    Endpoint(
        method="PATCH", path="/v1/streams/{name}", handler=patch_stream, operation_id="changeStream", summary="Change a stream's settings", tag="Settings",
        path_parameters=_NAME, body=StreamBody, examples=_CHANGE_EXAMPLES, responses={200: ResponseDoc("Its settings as they are then.", Stream)},
    ),
)  # fmt: skip
