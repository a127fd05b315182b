"""API keys over HTTP: list, create, change, revoke; what a key may do with keys is decided in ``admin.keys``.

The secret is in the answer of its creation and nowhere else.
"""

from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import keys
from posthouse.admin.keys import NO_KEY, KeyRequest
from posthouse.admin.views.keys import credential_view, new_credential
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.fields import KeyBody, KeyChange
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, ResponseDoc, id_in_path
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.credential import PREFIX
from posthouse.model.send_request import Caller, Environment, Rejection, invalid
from posthouse.model.timeline import cursor
from posthouse.model.views.keys import CredentialPage, CredentialView, NewApiKey


async def list_keys(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The tenant's keys and SMTP logins, revoked ones too."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    visible = await keys.list_keys(parts.admin, actor_of(caller))
    older = [key for key in visible if before is None or key.id < before]
    page = older[:limit]
    next_cursor = cursor(page[-1].id) if len(older) > limit else None
    return answer(CredentialPage(data=[credential_view(key) for key in page], next_cursor=next_cursor))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A new key; 201 with its secret."""
    body = await read_json(parts, request, KeyBody)
    if isinstance(body, Rejection):
        return refuse(body)
    key_request = KeyRequest(
        environment=caller.environment if body.environment is None else Environment[body.environment.upper()],
        name=body.name or "",
        type=body.type,
        stream=body.stream,
        rate=body.rate_per_minute or None,
    )
    created = await keys.create(parts.admin, actor_of(caller), key_request)
    return refuse(created) if isinstance(created, Rejection) else answer(new_credential(created), 201)


async def change(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Another rate, or none; other processes may go by the old one for some seconds more."""
    key = await _key_in_path(parts, caller, request)
    if key is None:
        return refuse(NO_KEY)
    body = await read_json(parts, request, KeyChange)
    if isinstance(body, Rejection):
        return refuse(body)
    changed = await keys.change_rate(parts.admin, actor_of(caller), key, body.rate_per_minute or None)
    return refuse(changed) if isinstance(changed, Rejection) else answer(credential_view(changed))


async def revoke(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """End a key; other processes may take it for some seconds more."""
    query = Query(request.query_params, ())
    if query.faults:
        return refuse(invalid(*query.faults))
    key = ids.parse(PREFIX, request.path_params["id"])
    rejection = NO_KEY if key is None else await keys.revoke(parts.admin, actor_of(caller), key)
    return Response(status_code=204) if rejection is None else refuse(rejection)


async def _key_in_path(parts: ApiParts, caller: Caller, request: Request) -> UUID | None:
    """The key in the path, if the caller may know of it."""
    key = ids.parse(PREFIX, request.path_params["id"])
    known = None if key is None else await keys.find_key(parts.admin, actor_of(caller), key)
    return None if known is None else known.id


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
        method="GET", path="/v1/keys", handler=list_keys, operation_id="listKeys", summary="List API keys and SMTP logins", tag="Keys", query=(CURSOR, LIMIT),
        responses={200: ResponseDoc("A page of keys and SMTP logins, newest first.", CredentialPage)},
    ),
    Endpoint(
        method="POST", path="/v1/keys", handler=create, operation_id="createKey", summary="Make an API key", tag="Keys", body=KeyBody, examples=_CREATE_EXAMPLES,
        responses={201: ResponseDoc("The key; its secret is shown this once.", NewApiKey, links=("changeKey", "revokeKey"))}, refusals=("forbidden", "conflict"),
    ),
    Endpoint(
        method="PATCH", path="/v1/keys/{id}", handler=change, operation_id="changeKey", summary="Change or take away a key's rate limit", tag="Keys",
        path_parameters=_ID, body=KeyChange, examples=_CHANGE_EXAMPLES, responses={200: ResponseDoc("The key as it is then.", CredentialView)},
        refusals=("forbidden",),
    ),
    Endpoint(
        method="DELETE", path="/v1/keys/{id}", handler=revoke, operation_id="revokeKey", summary="Revoke an API key or an SMTP login", tag="Keys", path_parameters=_ID,
        responses={204: ResponseDoc("Revoked.")},
    ),
)  # fmt: skip
