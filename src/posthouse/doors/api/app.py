"""The HTTP door as one ASGI application: routes, request ids, and the last line behind which nothing breaks out.

Every answer carries ``Request-Id``. ``/v1/send`` is found by its path alone, before the router, because it is the
hot path. What goes wrong unexpectedly is answered 503 ``unavailable`` (the contract's codes know no 500) and
logged by place and kind, never by its text: that may hold what a person wrote.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posthouse.doors.api.messages import events, inbox, messages
from posthouse.doors.api.sending import send
from posthouse.doors.api.settings import keys
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.suppressions import entries, feedback, window
from posthouse.doors.api.system import alerts, health
from posthouse.doors.api.templates.routes import TEMPLATES
from posthouse.doors.api.webhooks.endpoints import WEBHOOKS
from posthouse.doors.dashboard.pages.alerts import alerts_dashboard
from posthouse.doors.dashboard.pages.messages import dashboard
from posthouse.doors.hooks import hook_endpoint as hook
from posthouse.doors.http import body, openapi
from posthouse.doors.http.endpoint import Operation, Resource, keyed
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.tracking import link_endpoints
from posthouse.model import ids
from posthouse.model.send_request import Rejection
from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.store.postgres.database import is_unavailable
from posthouse.telemetry.error_location import error_location

log = structlog.get_logger()

KEYED: Final[dict[str, dict[str, Operation]]] = {
    "/v1/send": {"POST": send.send},
    "/v1/send/batch": {"POST": send.send_batch},
    "/v1/messages": {"GET": messages.list_messages},
    "/v1/messages/{id}": {"GET": messages.get_message},
    "/v1/messages/{id}/raw": {"GET": messages.raw},
    "/v1/messages/{id}/content": {"GET": messages.content},
    "/v1/messages/{id}/cancel": {"POST": messages.cancel},
    "/v1/messages/{id}/resend": {"POST": messages.resend},
    "/v1/inbox": {"GET": inbox.list_inbox, "DELETE": inbox.empty},
    "/v1/inbox/{id}": {"GET": inbox.get_item},
    "/v1/keys": {"GET": keys.list_keys, "POST": keys.create},
    "/v1/keys/{id}": {"PATCH": keys.change, "DELETE": keys.revoke},
    "/v1/events": {"GET": events.list_events},
    "/v1/alerts": {"GET": alerts.list_alerts},
    "/v1/feedback/raw": {"POST": feedback.raw},
    **WEBHOOKS,
    **TEMPLATES,
    "/v1/suppressions": {"GET": entries.list_suppressions, "POST": entries.add, "DELETE": entries.remove},
    "/v1/suppressions/undo": {"POST": window.undo},
    "/v1/suppressions/erase": {"POST": window.erase},
    "/v1/suppressions/rules": {"GET": window.get_rules, "PATCH": window.patch_rules},
    "/v1/suppressions/{id}": {"GET": entries.get_suppression, "DELETE": entries.remove_one},
    "/v1/suppressions/{id}/lift": {"POST": entries.lift},
}
MOST_READ_AWAY: Final = 64 * 1024 * 1024
READ_AWAY_SECONDS: Final = 10.0
_UNKNOWN: Final = not_found("There is no such path. /openapi.json lists them.")
_AWAY: Final = Rejection("unavailable", "The database is away; nothing of the request was kept.", retry_after=2)
_FULL: Final = Rejection("unavailable", "The database's disk is full; nothing of the request was kept.", retry_after=30)
_BROKEN: Final = Rejection("unavailable", "Something failed here. The log has it under this answer's Request-Id.", retry_after=5)


def create_app(parts: ApiParts) -> ASGIApp:
    """The application; it holds no state of its own but what ``parts`` brings."""
    resources = _resources(parts)
    routes = [Route(path, endpoint=resource) for path, resource in resources.items()]
    router = Router(routes=routes, redirect_slashes=False, default=_nothing_here)
    return _Front(parts, resources["/v1/send"], router)


def unavailable_app(new_id: Callable[[], UUID]) -> ASGIApp:
    """What stands in its place while the database is away and nothing can be made of it: it lives, and says when to come again."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        await body.read_away(request, MOST_READ_AWAY, READ_AWAY_SECONDS)
        answer = await health.healthz(request) if scope["path"] == "/healthz" else refuse(_AWAY)
        await answer(scope, receive, _Marked(send, new_id()))

    return application


def _resources(parts: ApiParts) -> dict[str, Resource]:
    found = {
        path: Resource({method: keyed(parts, operation) for method, operation in operations.items()})
        for path, operations in KEYED.items()
    }
    found["/healthz"] = Resource({"GET": health.healthz})
    found["/readyz"] = Resource({"GET": health.readyz(parts)})
    found["/metrics"] = Resource({"GET": health.metrics(parts)})
    found["/openapi.json"] = Resource({"GET": openapi.document_endpoint(parts)})
    found["/"] = Resource({"GET": dashboard(parts)})
    found["/alerts"] = Resource({"GET": alerts_dashboard(parts)})
    if parts.hooks is not None:
        found["/hooks/{provider}/{token}"] = Resource({"POST": hook.called(parts.hooks)})
    if parts.visits is not None:
        found["/t/c/{token}"] = Resource({"GET": link_endpoints.clicked(parts.visits)})
        found["/t/o/{token}"] = Resource({"GET": link_endpoints.opened(parts.visits)})
        found["/u/{token}"] = Resource({"GET": link_endpoints.leaving(parts.visits), "POST": link_endpoints.left(parts.visits)})
    return found


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refuse(_UNKNOWN)(scope, receive, send)


class _Front:
    """Gives each request its id and each answer a header with it; nothing raised gets past."""

    def __init__(self, parts: ApiParts, hot: Resource, router: Router) -> None:
        self._parts = parts
        self._hot = hot
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        marked = _Marked(send, self._parts.new_id(self._parts.clock.now()))
        target = self._hot if scope["path"] == "/v1/send" else self._router
        try:
            await target(scope, receive, marked)
        except ClientDisconnect:
            return
        except Exception as error:
            if marked.begun:
                raise
            await _told(error, marked.request_id)(scope, receive, marked)


class _Marked:
    """The way out, with ``Request-Id`` on every answer."""

    __slots__ = ("_send", "begun", "request_id")

    def __init__(self, send: Send, request_id: UUID) -> None:
        self._send = send
        self.request_id = ids.text("req", request_id)
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [*message.get("headers", ()), (b"request-id", self.request_id.encode())]
        await self._send(message)


def _told(error: Exception, request_id: str) -> Response:
    """The answer to what went wrong, and the log line where it is ours to mend."""
    if isinstance(error, StoreUnavailable):
        return refuse(_FULL if error.disk_full else _AWAY)
    if is_unavailable(error):
        return refuse(_AWAY)
    log.error("request_broke", request=request_id, kind=type(error).__name__, at=error_location(error))
    return refuse(_BROKEN)
