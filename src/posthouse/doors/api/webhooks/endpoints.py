"""Webhook endpoints over HTTP: made, changed, tested, replayed, and the log of every try.

A key sees and changes the endpoints of its own tenant and environment; a test key those that hear of the sandbox. The secret
stands in the answer of creation and rotation, and nowhere else.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import webhooks as rules
from posthouse.admin.webhooks import LONGEST_OVERLAP, MOST_ENDPOINTS, OVERLAP, PREFIX, SECRET_BYTES, TRY_PREFIX
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.webhooks.wire import ReplayBody, WebhookBody, WebhookChange
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, Parameter, ResponseDoc, Schema, id_in_path, id_schema
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import T
from posthouse.model import ids
from posthouse.model.keys import EndpointKey
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.model.timeline import cursor
from posthouse.model.views.webhooks import NewWebhook, Replayed, Rotated, Tested, TryPage, TryView, WebhookPage, WebhookView
from posthouse.model.webhook_endpoint import EndpointChange, WebhookAttempt, WebhookEndpoint
from posthouse.sinks.standard_webhook import shown
from posthouse.store.webhooks import endpoints, settle

OUTCOMES: Final = ("delivered", "later", "failed", "gone")
_LAST: Final = UUID(int=(1 << 128) - 1)
_NOT_HERE: Final = not_found("There is no such endpoint.")
_NOT_THERE: Final = not_found("The endpoint has no such event: it is not known, or the filters leave it out.")
_TOO_MANY: Final = invalid(FieldError("", f"is one too many; a tenant has at most {MOST_ENDPOINTS} endpoints in an environment"))
_ONE_OF: Final = FieldError("", "must have exactly one of event, since and failed: true")
_OFF: Final = invalid(FieldError("", "is for an endpoint that is enabled; PATCH it with enabled: true first"))


async def list_webhooks(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of endpoints."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    found = await endpoints.page(parts.database, caller.tenant, caller.environment, before or _LAST, limit + 1)
    page = found[:limit]
    return answer(WebhookPage(data=[_view(each) for each in page], next_cursor=_next(page, found)))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A new endpoint; 201 with its secret."""
    asked = await _asked(parts, request, WebhookBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    now, secret = parts.clock.now(), parts.random(SECRET_BYTES)
    place = EndpointKey(caller.tenant, caller.environment, parts.new_id(now))
    made = await endpoints.create(
        parts.database, parts.sealer, place, asked.url, secret, now, events=rules.filters(asked.events), streams=asked.streams,
        most=MOST_ENDPOINTS,
    )  # fmt: skip
    return refuse(_TOO_MANY) if made is None else answer(NewWebhook(secret=shown(secret), **_shown(made)), 201)


async def get_webhook(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One endpoint."""
    found = await _found(parts, caller, request)
    return refuse(found) if isinstance(found, Rejection) else answer(_view(found))


async def change(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change, switch off or switch on."""
    found = await _found(parts, caller, request)
    if isinstance(found, Rejection):
        return refuse(found)
    asked = await _asked(parts, request, WebhookChange)
    if isinstance(asked, Rejection):
        return refuse(asked)
    wanted = EndpointChange(url=asked.url, events=rules.filters(asked.events), streams=asked.streams, enabled=asked.enabled)
    changed = await endpoints.change(parts.database, _place(caller, found), wanted, parts.clock.now())
    return refuse(_NOT_HERE) if changed is None else answer(_view(changed))


async def remove(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take an endpoint away."""
    found = await _found(parts, caller, request)
    if isinstance(found, Rejection) or not await endpoints.remove(parts.database, _place(caller, found), parts.clock.now()):
        return refuse(found if isinstance(found, Rejection) else _NOT_HERE)
    return Response(status_code=204)


async def deliveries(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The log of every try."""
    query = Query(request.query_params, ("event", "outcome", "cursor", "limit"))
    event, outcome = query.id("event", "evt"), query.choice("outcome", OUTCOMES)
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    found = await _here(parts, caller, request)
    if isinstance(found, Rejection):
        return refuse(found)
    tried = await endpoints.log(parts.database, _place(caller, found), before or _LAST, limit + 1, event=event, outcome=outcome)
    page = tried[:limit]
    return answer(TryPage(data=[_try(each) for each in page], next_cursor=_next(page, tried)))


async def replay(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Tell one event again, those of a window, or all that failed."""
    found = await _found(parts, caller, request)
    if isinstance(found, Rejection):
        return refuse(found)
    asked = await _asked(parts, request, ReplayBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    place, now = _place(caller, found), parts.clock.now()
    if asked.failed:
        return answer(Replayed(queued=await settle.replay_failed(parts.database, place, now)), 202)
    if asked.since is not None:
        return answer(
            Replayed(queued=await rules.replay_window(parts.database, place, asked.since, asked.until or now, now)), 202
        )
    event = ids.parse("evt", asked.event or "")
    queued = await rules.replay_event(parts.database, place, event, now) if event is not None else 0
    return answer(Replayed(queued=queued), 202) if queued else refuse(_NOT_THERE)


async def test(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Post an event of type webhook.test."""
    found = await _found(parts, caller, request)
    if isinstance(found, Rejection) or found.disabled_at is not None:
        return refuse(found if isinstance(found, Rejection) else _OFF)
    event = await rules.send_test(parts.database, _place(caller, found), parts.new_id, parts.clock.now())
    return answer(Tested(event_id=ids.text("evt", event)), 202)


async def rotate(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A new secret; those before sign on for a while."""
    query = Query(request.query_params, ("overlap",))
    overlap = query.number("overlap", int(OVERLAP.total_seconds()), 0, int(LONGEST_OVERLAP.total_seconds()))
    if query.faults:
        return refuse(invalid(*query.faults))
    found = await _here(parts, caller, request)
    if isinstance(found, Rejection):
        return refuse(found)
    now, secret, lasts = parts.clock.now(), parts.random(SECRET_BYTES), timedelta(seconds=overlap)
    if not await endpoints.rotate(parts.database, parts.sealer, _place(caller, found), secret, now, lasts):
        return refuse(_NOT_HERE)
    return answer(Rotated(id=ids.text(PREFIX, found.id), secret=shown(secret), overlap_until=now + lasts))


async def _found(parts: ApiParts, caller: Caller, request: Request) -> WebhookEndpoint | Rejection:
    """The endpoint of the path, for an operation without parameters."""
    query = Query(request.query_params, ())
    return invalid(*query.faults) if query.faults else await _here(parts, caller, request)


async def _here(parts: ApiParts, caller: Caller, request: Request) -> WebhookEndpoint | Rejection:
    wanted = ids.parse(PREFIX, request.path_params["id"])
    found = None
    if wanted is not None:
        found = await endpoints.one(parts.database, EndpointKey(caller.tenant, caller.environment, wanted))
    return found or _NOT_HERE


async def _asked(parts: ApiParts, request: Request, kind: type[T]) -> T | Rejection:
    found = await read_json(parts, request, kind)
    if isinstance(found, Rejection):
        return found
    faults = _faults(found, allow_private=parts.allow_private_networks)
    return invalid(*faults) if faults else found


def _faults(asked: Any, *, allow_private: bool) -> list[FieldError]:
    """What a type cannot say."""
    if isinstance(asked, ReplayBody):
        chosen = [asked.event, asked.since, asked.failed or None]
        wrong = sum(each is not None for each in chosen) != 1 or (asked.until is not None and asked.since is None)
        return [_ONE_OF] if wrong else []
    faults = []
    if asked.url is not None and (fault := rules.url_fault(asked.url, allow_private=allow_private)):
        faults.append(FieldError("url", fault))
    for index, event in enumerate(asked.events or ()):
        if fault := rules.filter_fault(event):
            faults.append(FieldError(f"events[{index}]", fault))
    return faults


def _place(caller: Caller, found: WebhookEndpoint) -> EndpointKey:
    return EndpointKey(caller.tenant, caller.environment, found.id)


def _next(
    page: "list[WebhookEndpoint] | list[WebhookAttempt]", found: "list[WebhookEndpoint] | list[WebhookAttempt]"
) -> str | None:
    return cursor(page[-1].id) if len(found) > len(page) else None


def _view(found: WebhookEndpoint) -> WebhookView:
    return WebhookView(**_shown(found))


def _shown(found: WebhookEndpoint) -> dict[str, Any]:
    off: datetime | None = found.disabled_at
    return {
        "id": ids.text(PREFIX, found.id), "url": found.url, "events": found.events or [], "streams": found.streams or [],
        "status": "enabled" if off is None else "disabled", "disabled_at": off, "disabled_reason": found.disabled_why,
        "failing_since": found.failing_since, "created_at": found.created_at,
    }  # fmt: skip


def _try(tried: WebhookAttempt) -> TryView:
    return TryView(
        id=ids.text(TRY_PREFIX, tried.id), event_id=ids.text("evt", tried.event), type=tried.type, number=tried.number, at=tried.at,
        duration_ms=round(tried.duration_ms, 1), outcome=tried.outcome,  # type: ignore[arg-type]  # one of the words of policy.webhooks.Heard
        status=tried.status, trouble=tried.trouble, answer=tried.answer, next_at=tried.next_at,
    )  # fmt: skip


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
        method="POST", path="/v1/webhooks/{id}/replay", handler=replay, operation_id="replayWebhook", summary="Tell events again", tag="Webhooks",
        path_parameters=_ID, body=ReplayBody, examples=_REPLAY_EXAMPLES, responses={202: ResponseDoc("They are being told.", Replayed)},
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
