"""Which endpoint answers a request for a path, and may this caller use it?

A resource is a path with its endpoints by method. A method that a path does not take is answered 405 ``method_not_allowed`` with
``Allow`` (RFC 9110 15.5.6).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from posthouse.doors.http.endpoint import Endpoint, KeyedHandler, OpenHandler
from posthouse.doors.http.peer import address_of
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Caller, Environment, Rejection
from posthouse.telemetry.denial_log import DenialLog

RequestHandler = Callable[[Request], Awaitable[Response]]


class KeyCheck(msgspec.Struct, frozen=True):
    """Whose key is it? ``authenticate``: None for nobody's. ``denials``: where those are counted and said."""

    authenticate: Callable[[str], Awaitable[Caller | None]]
    denials: DenialLog


_NO_KEY: Final = Rejection("unauthenticated", "Send Authorization: Bearer ph_live_… or ph_test_….")
_WRONG_KEY: Final = Rejection("unauthenticated", "This API key is unknown or was revoked.")
_LIVE_ONLY: Final = Rejection("forbidden", "This takes a live key")
_LONGEST_KEY: Final = 200


class Resource:
    """A path with its handlers by method (an ASGI application). GET answers HEAD as well (RFC 9110 9.3.2)."""

    def __init__(self, handlers: Mapping[str, RequestHandler]) -> None:
        self._handlers = dict(handlers)
        if "GET" in handlers:
            self._handlers["HEAD"] = handlers["GET"]

    async def respond(self, request: Request) -> Response:
        """The handler's response, or the refusal of the method."""
        handler = self._handlers.get(request.method)
        if handler is not None:
            return await handler(request)
        methods = ", ".join(self._handlers)
        response = refuse(Rejection("method_not_allowed", f"This path answers {methods} only."))
        response.headers["Allow"] = methods
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)


def build_resources(endpoints: Iterable[Endpoint], parts: Any, keys: KeyCheck) -> dict[str, Resource]:
    """The resources of these endpoints by path; their handlers are given ``parts``."""
    handlers: dict[str, dict[str, RequestHandler]] = {}
    for endpoint in endpoints:
        handlers.setdefault(endpoint.path, {})[endpoint.method] = _bind(endpoint, parts, keys)
    return {path: Resource(by_method) for path, by_method in handlers.items()}


def _bind(endpoint: Endpoint, parts: Any, keys: KeyCheck) -> RequestHandler:
    # needs_key says which of the two kinds of handler the record has.
    if endpoint.needs_key:
        handler = cast("KeyedHandler", endpoint.handler)
        if endpoint.takes_live_key:
            handler = partial(_respond_to_live_key, handler)
        return partial(_respond_to_caller, handler, parts, keys)
    return partial(cast("OpenHandler", endpoint.handler), parts)


async def _respond_to_live_key(handler: KeyedHandler, parts: Any, caller: Caller, request: Request) -> Response:
    """The handler's response to a live key; nothing that live mail uses changes by a test key."""
    return refuse(_LIVE_ONLY) if caller.environment is not Environment.LIVE else await handler(parts, caller, request)


async def _respond_to_caller(handler: KeyedHandler, parts: Any, keys: KeyCheck, request: Request) -> Response:
    """The handler's response to a caller with a valid key."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        return refuse(_NO_KEY)
    # No key of ours is that long or has other characters: nothing is hashed or looked up for such a header.
    caller = await keys.authenticate(secret) if secret.isascii() and len(secret) <= _LONGEST_KEY else None
    if caller is None:
        keys.denials.note(address_of(request))
        return refuse(_WRONG_KEY)
    return await handler(parts, caller, request)
