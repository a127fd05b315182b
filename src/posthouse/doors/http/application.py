"""The HTTP door as one ASGI application: paths, request ids, and the last line behind which no exception gets out.

Every response carries ``Request-Id``. The hot path (``/v1/send``) is found by its path alone, before the router, which tries its
routes one after the other. What fails unexpectedly is answered 503 ``unavailable`` (the contract's codes have no 500) and logged
by its position and type, never by its text: that may hold what a person wrote.

Must never know: which resources there are; the composition root gives them by path.
"""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from posthouse.doors.http.answer import encoded
from posthouse.doors.http.body import discard
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.resource import Resource
from posthouse.model import ids
from posthouse.model.send_request import Rejection
from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.store.postgres.database import is_crowded, is_unavailable
from posthouse.telemetry.error_location import error_location

log = structlog.get_logger()

DISCARDED_BYTES: Final = 64 * 1024 * 1024
DISCARD_SECONDS: Final = 10.0
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")  # a browser takes no answer for another type than it has
_UNKNOWN_PATH: Final = not_found("There is no such path. /openapi.json lists them.")
_STORE_AWAY: Final = Rejection("unavailable", "The database is away; nothing of the request was kept.", retry_after=2)
_DISK_FULL: Final = Rejection("unavailable", "The database's disk is full; nothing of the request was kept.", retry_after=30)
_CROWDED: Final = Rejection(
    "unavailable", "The database has too many connections; nothing of the request was kept.", retry_after=5
)
_FAILED: Final = Rejection("unavailable", "Something failed here. The log has it under this answer's Request-Id.", retry_after=5)


def create_application(resources: Mapping[str, Resource], new_request_id: Callable[[], UUID], hot_path: str) -> ASGIApp:
    """The application over resources by path; it has no state of its own."""
    routes = [Route(path, endpoint=resource) for path, resource in resources.items()]
    router = Router(routes=routes, redirect_slashes=False, default=_unknown_path)
    return _Application(new_request_id, hot_path, resources[hot_path], router)


def unavailable_application(new_request_id: Callable[[], UUID]) -> ASGIApp:
    """What answers while the database is away and the application cannot be built: the process lives, and says when to try
    again.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        await discard(request, DISCARDED_BYTES, DISCARD_SECONDS)
        response = encoded({"status": "ok"}) if scope["path"] == "/healthz" else refuse(_STORE_AWAY)
        await response(scope, receive, _SendWithRequestId(send, new_request_id()))

    return application


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await refuse(_UNKNOWN_PATH)(scope, receive, send)


class _Application:
    """Gives each request its id, and turns every exception into a response."""

    def __init__(self, new_request_id: Callable[[], UUID], hot_path: str, hot: Resource, router: Router) -> None:
        self._new_request_id = new_request_id
        self._hot_path = hot_path
        self._hot = hot
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        send_with_id = _SendWithRequestId(send, self._new_request_id())
        target = self._hot if scope["path"] == self._hot_path else self._router
        try:
            await target(scope, receive, send_with_id)
        except ClientDisconnect:
            return
        except Exception as error:
            if send_with_id.is_started:
                raise
            await _response_to_error(error, send_with_id.request_id)(scope, receive, send_with_id)


class _SendWithRequestId:
    """ASGI's ``send``, which puts ``Request-Id`` on the response, and forbids to guess its type."""

    __slots__ = ("_send", "is_started", "request_id")

    def __init__(self, send: Send, request_id: UUID) -> None:
        self._send = send
        self.request_id = ids.text("req", request_id)
        self.is_started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.is_started = True
            headers = [*message.get("headers", ()), (b"request-id", self.request_id.encode())]
            if _NO_SNIFFING not in headers:
                headers.append(_NO_SNIFFING)
            message["headers"] = headers
        await self._send(message)


def _response_to_error(error: Exception, request_id: str) -> Response:
    """The response to an exception, and the log line where it is a bug of ours."""
    if is_crowded(error) or is_crowded(error.__cause__):
        return refuse(_CROWDED)
    if isinstance(error, StoreUnavailable):
        return refuse(_DISK_FULL if error.disk_full else _STORE_AWAY)
    if is_unavailable(error):
        return refuse(_STORE_AWAY)
    log.error("request_broke", request=request_id, kind=type(error).__name__, at=error_location(error))
    return refuse(_FAILED)
