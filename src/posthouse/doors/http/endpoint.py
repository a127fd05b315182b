"""What stands between the wire and an operation: which method, whose key.

An ``Operation`` is a plain function of parts, caller and request. A resource is a path with its operations by
method; other methods are told apart from unknown paths only by ``Allow`` and the detail.
"""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.problem import not_found, refuse
from posthouse.model.send_request import Caller, Rejection

Operation = Callable[[ApiParts, Caller, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_NO_KEY = Rejection("unauthenticated", "Send Authorization: Bearer ph_live_… or ph_test_….")
_WRONG_KEY = Rejection("unauthenticated", "This API key is unknown or was revoked.")
_LONGEST = 200


def keyed(parts: ApiParts, operation: Operation) -> Endpoint:
    """The operation, open to whoever holds a key."""

    async def endpoint(request: Request) -> Response:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        secret = secret.strip()
        if scheme.lower() != "bearer" or not secret:
            return refuse(_NO_KEY)
        caller = await parts.credentials.by_key(secret) if secret.isascii() and len(secret) <= _LONGEST else None
        return await operation(parts, caller, request) if caller else refuse(_WRONG_KEY)

    return endpoint


class Resource:
    """A path: which endpoint answers which method (an ASGI application)."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        """GET answers HEAD as well (RFC 9110 9.3.2)."""
        self._endpoints = dict(endpoints)
        if "GET" in endpoints:
            self._endpoints["HEAD"] = endpoints["GET"]

    async def respond(self, request: Request) -> Response:
        """The endpoint's answer, or the refusal of the method."""
        endpoint = self._endpoints.get(request.method)
        if endpoint is not None:
            return await endpoint(request)
        methods = ", ".join(self._endpoints)
        response = refuse(not_found(f"This path answers {methods} only."))
        response.headers["Allow"] = methods
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)
