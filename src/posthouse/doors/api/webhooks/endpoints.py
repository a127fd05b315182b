"""Webhook endpoints over HTTP: created, changed, tested, given a new secret, events posted again, and the log of every attempt.

A key sees and changes the endpoints of its own tenant and environment; a test key those that get the sandbox's events. The secret
stands in the answer of creation and rotation, and nowhere else.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import webhooks
from posthouse.admin.views.webhooks import attempt_page, new_webhook, webhook_page, webhook_view
from posthouse.admin.webhooks import (
    LONGEST_OVERLAP,
    NO_ENDPOINT,
    OUTCOMES,
    OVERLAP,
    PREFIX,
    AttemptQuery,
    EndpointRequest,
    ReplayRequest,
)
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.webhooks.wire import ReplayBody, WebhookBody, WebhookChange
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, Parameter, ResponseDoc, Schema, id_in_path, id_schema
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.send_request import Caller, FieldError, Rejection, invalid
from posthouse.model.views.webhooks import NewWebhook, Replayed, Rotated, Tested, TryPage, WebhookPage, WebhookView
from posthouse.model.webhook_endpoint import EndpointChange, WebhookEndpoint
from posthouse.model.webhook_event import PREFIX as EVENT_PREFIX

_NO_EVENT: Final = not_found("The endpoint has no such event: it is not known, or the filters leave it out.")
_UNKNOWN_EVENT: Final = UUID(int=1)  # of a text that fits the pattern and is no id: no event has it
_ONE_OF: Final = FieldError("", "must have exactly one of event, since and failed: true")


async def list_webhooks(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of endpoints."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    return answer(webhook_page(await webhooks.list_endpoints(parts.admin, actor_of(caller), before, limit + 1), limit))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A new endpoint; 201 with its secret."""
    body = await read_json(parts, request, WebhookBody)
    if isinstance(body, Rejection):
        return refuse(body)
    endpoint_request = EndpointRequest(url=body.url, events=body.events, streams=body.streams)
    created = await webhooks.create(parts.admin, actor_of(caller), endpoint_request)
    return refuse(created) if isinstance(created, Rejection) else answer(new_webhook(created), 201)


async def get_webhook(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One endpoint."""
    endpoint = await _endpoint(parts, caller, request)
    return refuse(endpoint) if isinstance(endpoint, Rejection) else answer(webhook_view(endpoint))


async def change(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change, disable or enable."""
    endpoint = await _endpoint(parts, caller, request)
    if isinstance(endpoint, Rejection):
        return refuse(endpoint)
    body = await read_json(parts, request, WebhookChange)
    if isinstance(body, Rejection):
        return refuse(body)
    requested = EndpointChange(url=body.url, events=body.events, streams=body.streams, enabled=body.enabled)
    changed = await webhooks.change(parts.admin, actor_of(caller), endpoint.id, requested)
    return refuse(changed) if isinstance(changed, Rejection) else answer(webhook_view(changed))


async def remove(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Remove an endpoint."""
    endpoint = await _endpoint(parts, caller, request)
    if isinstance(endpoint, Rejection):
        return refuse(endpoint)
    rejection = await webhooks.remove(parts.admin, actor_of(caller), endpoint.id)
    return Response(status_code=204) if rejection is None else refuse(rejection)


async def deliveries(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The log of every attempt."""
    query = Query(request.query_params, ("event", "outcome", "cursor", "limit"))
    event, outcome = query.id("event", EVENT_PREFIX), query.choice("outcome", OUTCOMES)
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    endpoint = await _endpoint_in_path(parts, caller, request)
    if isinstance(endpoint, Rejection):
        return refuse(endpoint)
    attempt_query = AttemptQuery(event=event, outcome=outcome, before=before, limit=limit + 1)
    attempts = await webhooks.list_attempts(parts.admin, actor_of(caller), endpoint.id, attempt_query)
    return answer(attempt_page(attempts, limit))


async def replay(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Post one event again, those of a window, or all that failed."""
    endpoint = await _endpoint(parts, caller, request)
    if isinstance(endpoint, Rejection):
        return refuse(endpoint)
    body = await read_json(parts, request, ReplayBody)
    replay_request = body if isinstance(body, Rejection) else _replay_request(body)
    if isinstance(replay_request, Rejection):
        return refuse(replay_request)
    queued = await webhooks.replay(parts.admin, actor_of(caller), endpoint.id, replay_request)
    if isinstance(queued, Rejection):
        return refuse(queued)
    return refuse(_NO_EVENT) if replay_request.event is not None and not queued else answer(Replayed(queued=queued), 202)


async def test(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Post an event of type webhook.test."""
    endpoint = await _endpoint(parts, caller, request)
    if isinstance(endpoint, Rejection):
        return refuse(endpoint)
    event = await webhooks.send_test(parts.admin, actor_of(caller), endpoint.id)
    return refuse(event) if isinstance(event, Rejection) else answer(Tested(event_id=ids.text(EVENT_PREFIX, event)), 202)


async def rotate(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A new secret; those before sign too for a while."""
    query = Query(request.query_params, ("overlap",))
    overlap = query.number("overlap", int(OVERLAP.total_seconds()), 0, int(LONGEST_OVERLAP.total_seconds()))
    if query.faults:
        return refuse(invalid(*query.faults))
    endpoint = await _endpoint_in_path(parts, caller, request)
    if isinstance(endpoint, Rejection):
        return refuse(endpoint)
    rotated = await webhooks.rotate(parts.admin, actor_of(caller), endpoint.id, timedelta(seconds=overlap))
    if isinstance(rotated, Rejection):
        return refuse(rotated)
    return answer(Rotated(id=ids.text(PREFIX, endpoint.id), secret=rotated.secret, overlap_until=rotated.overlap_until))


async def _endpoint(parts: ApiParts, caller: Caller, request: Request) -> WebhookEndpoint | Rejection:
    """The endpoint of the path, for an operation without parameters."""
    query = Query(request.query_params, ())
    return invalid(*query.faults) if query.faults else await _endpoint_in_path(parts, caller, request)


async def _endpoint_in_path(parts: ApiParts, caller: Caller, request: Request) -> WebhookEndpoint | Rejection:
    endpoint_id = ids.parse(PREFIX, request.path_params["id"])
    endpoint = None if endpoint_id is None else await webhooks.get_endpoint(parts.admin, actor_of(caller), endpoint_id)
    return endpoint or NO_ENDPOINT


def _replay_request(body: ReplayBody) -> ReplayRequest | Rejection:
    """What to post again, or what the type of the body cannot say."""
    chosen = [body.event, body.since, body.failed or None]
    if sum(each is not None for each in chosen) != 1 or (body.until is not None and body.since is None):
        return invalid(_ONE_OF)
    event = None if body.event is None else ids.parse(EVENT_PREFIX, body.event) or _UNKNOWN_EVENT
    return ReplayRequest(event=event, since=body.since, until=body.until, failed=bool(body.failed))


_ID: Final = id_in_path(PREFIX)
_LINKS: Final = (
    "getWebhook", "changeWebhook", "removeWebhook", "listWebhookDeliveries", "replayWebhook", "testWebhook", "rotateWebhook",
)  # fmt: skip
_OVERLAP_SCHEMA: Final[Schema] = {
    "type": "integer", "minimum": 0, "maximum": int(LONGEST_OVERLAP.total_seconds()), "default": int(OVERLAP.total_seconds()),
}  # fmt: skip
_CREATE_EXAMPLES: Final[dict[str, Any]] = {
    "all": {"summary": "Everything that happens", "value": {"url": "https://app.example.com/hooks/mail"}},
    "some": {
        "summary": "What ends badly, of one stream",
        "value": {
            "url": "https://app.example.com/hooks/mail", "events": ["message.bounced", "message.complained", "alert.*"],
            "streams": ["transactional"],
        },
    },
}  # fmt: skip
_CHANGE_EXAMPLES: Final[dict[str, Any]] = {"on": {"summary": "Switch on again", "value": {"enabled": True}}}
_REPLAY_EXAMPLES: Final[dict[str, Any]] = {
    "failed": {"summary": "All that failed", "value": {"failed": True}},
    "window": {"summary": "Since this morning", "value": {"since": "2026-11-22T06:00:00Z"}},
}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/webhooks", handler=list_webhooks, operation_id="listWebhooks", summary="Where events are posted", tag="Webhooks",
        query=(CURSOR, LIMIT),
        responses={200: ResponseDoc("A page of endpoints, newest first.", WebhookPage, links=_LINKS, id_pointer="/data/0/id")},
    ),
    Endpoint(
        method="POST", path="/v1/webhooks", handler=create, operation_id="createWebhook", summary="Have events posted somewhere", tag="Webhooks",
        body=WebhookBody, examples=_CREATE_EXAMPLES,
        responses={201: ResponseDoc("The endpoint; its secret is shown this once.", NewWebhook, links=_LINKS)},
    ),
    Endpoint(
        method="GET", path="/v1/webhooks/{id}", handler=get_webhook, operation_id="getWebhook", summary="One endpoint", tag="Webhooks", path_parameters=_ID,
        responses={200: ResponseDoc("The endpoint.", WebhookView)},
    ),
    Endpoint(
        method="PATCH", path="/v1/webhooks/{id}", handler=change, operation_id="changeWebhook", summary="Change, switch off or switch on", tag="Webhooks",
        path_parameters=_ID, body=WebhookChange, examples=_CHANGE_EXAMPLES, responses={200: ResponseDoc("The endpoint as it is then.", WebhookView)},
    ),
    Endpoint(
        method="DELETE", path="/v1/webhooks/{id}", handler=remove, operation_id="removeWebhook", summary="Post nothing there any more", tag="Webhooks",
        path_parameters=_ID, responses={204: ResponseDoc("Gone.")},
    ),
    Endpoint(
        method="GET", path="/v1/webhooks/{id}/deliveries", handler=deliveries, operation_id="listWebhookDeliveries", summary="Every try, newest first",
        tag="Webhooks", path_parameters=_ID,
        query=(
            Parameter("event", "Of this event.", id_schema("evt")),
            Parameter("outcome", "That came to this.", {"type": "string", "enum": list(OUTCOMES)}),
            CURSOR,
            LIMIT,
        ),
        responses={200: ResponseDoc("A page of tries; they are kept for two weeks.", TryPage)},
    ),
    Endpoint(
        method="POST", path="/v1/webhooks/{id}/replay", handler=replay, operation_id="replayWebhook", summary="Post events again", tag="Webhooks",
        path_parameters=_ID, body=ReplayBody, examples=_REPLAY_EXAMPLES, responses={202: ResponseDoc("They are being posted.", Replayed)},
    ),
    Endpoint(
        method="POST", path="/v1/webhooks/{id}/test", handler=test, operation_id="testWebhook", summary="Post a test event", tag="Webhooks",
        path_parameters=_ID, responses={202: ResponseDoc("It is being posted.", Tested)},
    ),
    Endpoint(
        method="POST", path="/v1/webhooks/{id}/rotate", handler=rotate, operation_id="rotateWebhook", summary="Make a new secret", tag="Webhooks",
        path_parameters=_ID, query=(Parameter("overlap", "Seconds for which the secrets before sign too.", _OVERLAP_SCHEMA),),
        responses={200: ResponseDoc("The new secret; it is shown this once.", Rotated)},
    ),
)  # fmt: skip
