"""``/healthz``, ``/readyz`` and ``/metrics``: what machines ask about this process; no key needed."""

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import encoded
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Rejection

_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
_RETRY_AFTER = 5


async def healthz(request: Request) -> Response:  # noqa: ARG001 - the shape of an endpoint
    """The process answers."""
    return encoded({"status": "ok"})


def readyz(parts: ApiParts) -> Endpoint:
    """Whether mail can be taken and sent, else 503 with the reasons."""

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - the shape of an endpoint
        reasons = tuple(await parts.readiness())
        if not reasons:
            return encoded({"status": "ready"})
        return refuse(Rejection("unavailable", "Not ready: " + " ".join(reasons), retry_after=_RETRY_AFTER), reasons)

    return endpoint


def metrics(parts: ApiParts) -> Endpoint:
    """The Prometheus text exposition of all processes of this server."""

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - the shape of an endpoint
        return Response(parts.exposition(), media_type=_EXPOSITION)

    return endpoint
