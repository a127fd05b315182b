"""API keys over HTTP: list, create, change, revoke; of the caller's tenant, and never beyond what the caller itself may do.

A test key sees, makes and revokes test keys only; a live key both. A key with a rate limit makes no keys and changes none,
or it could take its own limit off. The secret is in the answer of its
creation and nowhere else.
"""

from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.fields import KeyBody, KeyChange
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, ResponseDoc, id_in_path
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.credential import Credential
from posthouse.model.send_request import Caller, Environment, FieldError, Rejection
from posthouse.model.timeline import cursor
from posthouse.model.views.keys import KeyPage, KeyView, NewKey
from posthouse.policy import types
from posthouse.store.tenants import credentials

PREFIX: Final = "key"
_NOT_HERE: Final = not_found("There is no such key, or it was revoked before.")
_LIMITED: Final = Rejection(
    "forbidden", "A key with a rate limit makes no keys and changes none; use another, or the command line."
)
_BEYOND: Final = Rejection("forbidden", "A test key can make test keys only.")


async def list_keys(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The tenant's keys, revoked ones too."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    seen = [key for key in await _reachable(parts, caller) if before is None or key.id < before]
    more = len(seen) > limit
    shown = seen[:limit]
    return answer(KeyPage(data=[_view(key) for key in shown], next_cursor=cursor(shown[-1].id) if more else None))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A new key; 201 with its secret."""
    asked = await read_json(parts, request, KeyBody)
    if isinstance(asked, KeyBody) and asked.type is not None and asked.type not in types.BY_NAME:
        own = await parts.own_types(caller.tenant, asked.type)
        if asked.type not in own:
            asked = invalid(FieldError("type", types.unknown(asked.type, own)))
    if isinstance(asked, Rejection):
        return refuse(asked)
    if caller.rate is not None:
        return refuse(_LIMITED)
    environment = caller.environment if asked.environment is None else Environment[asked.environment.upper()]
    if environment is Environment.LIVE and caller.environment is not Environment.LIVE:
        return refuse(_BEYOND)
    made, secret = await credentials.create_api_key(
        parts.database, caller.tenant, environment, now=parts.clock.now(), random=parts.random,
        name=asked.name or "", default_type=asked.type, default_stream=asked.stream, rate=asked.rate_per_minute or None,
    )  # fmt: skip
    return answer(NewKey(key=secret, **_shown(made)), 201)


async def change(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Another rate, or none; other processes may go by the old one for some seconds more."""
    wanted = await _wanted(parts, caller, request)
    if wanted is None:
        return refuse(_NOT_HERE)
    asked = await read_json(parts, request, KeyChange)
    if isinstance(asked, Rejection):
        return refuse(asked)
    if caller.rate is not None:
        return refuse(_LIMITED)
    changed = await credentials.limit(parts.database, caller.tenant, wanted, asked.rate_per_minute or None)
    return refuse(_NOT_HERE) if changed is None else answer(_view(changed))


async def revoke(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """End a key; other processes may take it for some seconds more."""
    query = Query(request.query_params, ())
    if query.faults:
        return refuse(invalid(*query.faults))
    wanted = await _wanted(parts, caller, request)
    if wanted is None or not await credentials.revoke(parts.database, caller.tenant, wanted, parts.clock.now()):
        return refuse(_NOT_HERE)
    return Response(status_code=204)


async def _wanted(parts: ApiParts, caller: Caller, request: Request) -> UUID | None:
    """The key in the path, if the caller may know of it."""
    wanted = ids.parse(PREFIX, request.path_params["id"])
    return wanted if any(key.id == wanted for key in await _reachable(parts, caller)) else None


async def _reachable(parts: ApiParts, caller: Caller) -> list[Credential]:
    """The API keys that this caller may know of."""
    found = await credentials.list_credentials(parts.database, caller.tenant)
    return [key for key in found if key.kind == "api" and key.environment <= caller.environment]


def _view(key: Credential) -> KeyView:
    return KeyView(**_shown(key))


def _shown(key: Credential) -> dict[str, Any]:
    return {
        "id": ids.text(PREFIX, key.id),
        "name": key.name,
        "environment": key.environment.name.lower(),
        "prefix": key.lookup,
        "type": key.default_type,
        "stream": key.default_stream,
        "rate_per_minute": key.rate,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


_ID: Final = id_in_path(PREFIX)
_CREATE_EXAMPLES: Final[dict[str, Any]] = {
    "service": {"summary": "A test key for one service", "value": {"name": "checkout service", "environment": "test"}},
    "limited": {"summary": "A key that may ask for 600 messages a minute", "value": {"name": "shop", "ratePerMinute": 600}},
}
_CHANGE_EXAMPLES: Final[dict[str, Any]] = {
    "other": {"summary": "Another limit", "value": {"ratePerMinute": 1200}},
    "none": {"summary": "No limit any more", "value": {"ratePerMinute": 0}},
}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/keys", handler=list_keys, operation_id="listKeys", summary="List API keys", tag="Keys", query=(CURSOR, LIMIT),
        responses={200: ResponseDoc("A page of keys, newest first.", KeyPage)},
    ),
    Endpoint(
        method="POST", path="/v1/keys", handler=create, operation_id="createKey", summary="Make an API key", tag="Keys", body=KeyBody, examples=_CREATE_EXAMPLES,
        responses={201: ResponseDoc("The key; its secret is shown this once.", NewKey, links=("changeKey", "revokeKey"))}, refusals=("forbidden",),
    ),
    Endpoint(
        method="PATCH", path="/v1/keys/{id}", handler=change, operation_id="changeKey", summary="Change or take away a key's rate limit", tag="Keys",
        path_parameters=_ID, body=KeyChange, examples=_CHANGE_EXAMPLES, responses={200: ResponseDoc("The key as it is then.", KeyView)},
        refusals=("forbidden",),
    ),
    Endpoint(
        method="DELETE", path="/v1/keys/{id}", handler=revoke, operation_id="revokeKey", summary="Revoke an API key", tag="Keys", path_parameters=_ID,
        responses={204: ResponseDoc("Revoked.")},
    ),
)  # fmt: skip
