"""Which endpoint answers a request for a path, and may this caller use it?

A resource is a path with its endpoints by method. A method that a path does not take is answered 404 ``not_found`` with
``Allow``, because the contract's closed list of codes has none for 405.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from posthouse.doors.http.endpoint import Endpoint, KeyedHandler, OpenHandler
from posthouse.doors.http.problem import not_found, refuse
from posthouse.model.send_request import Caller, Environment, Rejection

RequestHandler = Callable[[Request], Awaitable[Response]]
Authenticate = Callable[[str], Awaitable[Caller | None]]

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
        response = refuse(not_found(f"This path answers {methods} only."))
        response.headers["Allow"] = methods
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)


def build_resources(endpoints: Iterable[Endpoint], parts: Any, authenticate: Authenticate) -> dict[str, Resource]:
    """The resources of these endpoints by path; their handlers are given ``parts``."""
    handlers: dict[str, dict[str, RequestHandler]] = {}
    for endpoint in endpoints:
        handlers.setdefault(endpoint.path, {})[endpoint.method] = _bind(endpoint, parts, authenticate)
    return {path: Resource(by_method) for path, by_method in handlers.items()}


def _bind(endpoint: Endpoint, parts: Any, authenticate: Authenticate) -> RequestHandler:
    # needs_key says which of the two kinds of handler the record has.
    if endpoint.needs_key:
        handler = cast("KeyedHandler", endpoint.handler)
        if endpoint.takes_live_key:
            handler = partial(_respond_to_live_key, handler)
        return partial(_respond_to_caller, handler, parts, authenticate)
    return partial(cast("OpenHandler", endpoint.handler), parts)


async def _respond_to_live_key(handler: KeyedHandler, parts: Any, caller: Caller, request: Request) -> Response:
    """The handler's response to a live key; nothing that live mail uses changes by a test key."""
    return refuse(_LIVE_ONLY) if caller.environment is not Environment.LIVE else await handler(parts, caller, request)


async def _respond_to_caller(handler: KeyedHandler, parts: Any, authenticate: Authenticate, request: Request) -> Response:
    """The handler's response to a caller with a valid key."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        return refuse(_NO_KEY)
    # No key of ours is that long or has other characters: nothing is hashed or looked up for such a header.
    caller = await authenticate(secret) if secret.isascii() and len(secret) <= _LONGEST_KEY else None
    return await handler(parts, caller, request) if caller else refuse(_WRONG_KEY)
