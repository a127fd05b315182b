"""``/healthz``, ``/readyz`` and ``/metrics``: what machines ask about this process; no key needed."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import encoded
from posthouse.doors.http.endpoint import Endpoint, ResponseDoc, Schema
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Rejection

_EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"
_RETRY_AFTER: Final = 5


async def healthz(parts: ApiParts, request: Request) -> Response:  # noqa: ARG001 - the signature of a handler
    """The process answers."""
    return encoded({"status": "ok"})


async def readyz(parts: ApiParts, request: Request) -> Response:  # noqa: ARG001 - the signature of a handler
    """Whether mail can be accepted and sent, else 503 with the reasons."""
    reasons = tuple(await parts.readiness())
    if not reasons:
        return encoded({"status": "ready"})
    return refuse(Rejection("unavailable", "Not ready: " + " ".join(reasons), retry_after=_RETRY_AFTER), reasons)


async def metrics(parts: ApiParts, request: Request) -> Response:  # noqa: ARG001 - the signature of a handler
    """The Prometheus text exposition of all processes of this server."""
    return Response(parts.exposition(), media_type=_EXPOSITION)


def _status(value: str) -> Schema:
    return {"type": "object", "properties": {"status": {"const": value}}, "required": ["status"], "additionalProperties": False}


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/healthz", handler=healthz, operation_id="healthz", summary="Does the process answer?", tag="Health", needs_key=False,
        responses={200: ResponseDoc("It does.", schema=_status("ok"))},
    ),
    Endpoint(
        method="GET", path="/readyz", handler=readyz, operation_id="readyz", summary="Can mail be taken and sent?", tag="Health", needs_key=False,
        responses={200: ResponseDoc("It can; else 503 with reasons.", schema=_status("ready"))},
    ),
    Endpoint(
        method="GET", path="/metrics", handler=metrics, operation_id="metrics", summary="Prometheus metrics", tag="Health", needs_key=False,
        responses={200: ResponseDoc("Text exposition.", media_type="text/plain", schema={"type": "string"})},
    ),
)  # fmt: skip
