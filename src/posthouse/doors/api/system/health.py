"""``/healthz``, ``/readyz`` and ``/metrics``: what machines ask about this process; no key needed."""

import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import encoded
from posthouse.doors.http.endpoint import Endpoint, Parameter, ResponseDoc, Schema
from posthouse.doors.http.peer import is_on_this_machine
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.model.send_request import Rejection, invalid

_EXPOSITION: Final = "text/plain; version=0.0.4; charset=utf-8"
_RETRY_AFTER: Final = 5
_NOT_YOURS: Final = Rejection(
    "forbidden", "Metrics are read from this machine, or with Authorization: Bearer and the value of POSTHOUSE_METRICS_TOKEN."
)


async def healthz(parts: ApiParts, request: Request) -> Response:  # noqa: ARG001 - the signature of a handler
    """The process answers."""
    return encoded({"status": "ok"})


async def readyz(parts: ApiParts, request: Request) -> Response:
    """Whether mail can be accepted, and with ``for=sending`` whether it can be sent, else 503 with the reasons."""
    query = Query(request.query_params, ("for",))
    for_sending = query.choice("for", ("sending",)) is not None
    if query.faults:
        return refuse(invalid(*query.faults))
    reasons = tuple(await parts.readiness.reasons(for_sending=for_sending))
    if not reasons:
        return encoded({"status": "ready"})
    return refuse(Rejection("unavailable", "Not ready: " + " ".join(reasons), retry_after=_RETRY_AFTER), reasons)


async def metrics(parts: ApiParts, request: Request) -> Response:
    """The Prometheus text exposition of all processes of this server, for this machine and for who has the token."""
    if not is_on_this_machine(request) and not _has_token(request, parts.metrics_token):
        return refuse(_NOT_YOURS)
    return Response(await parts.exposition(), media_type=_EXPOSITION)


def _has_token(request: Request, token: str | None) -> bool:
    given = request.headers.get("authorization", "")
    return token is not None and hmac.compare_digest(given.encode(), f"Bearer {token}".encode())


def _status(value: str) -> Schema:
    return {"type": "object", "properties": {"status": {"const": value}}, "required": ["status"], "additionalProperties": False}


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/healthz", handler=healthz, operation_id="healthz", summary="Does the process answer?", tag="Health", needs_key=False,
        responses={200: ResponseDoc("It does.", schema=_status("ok"))},
    ),
    Endpoint(
        method="GET", path="/readyz", handler=readyz, operation_id="readyz", summary="Can mail be taken, and sent?", tag="Health", needs_key=False,
        query=(Parameter("for", "`sending`: also whether a route can be used and a worker is alive.", {"enum": ["sending"]}),),
        responses={200: ResponseDoc("It can; else 503 with reasons.", schema=_status("ready"))}, refusals=("validation_failed",),
    ),
    Endpoint(
        method="GET", path="/metrics", handler=metrics, operation_id="metrics", summary="Prometheus metrics, from this machine or with the operator's token", tag="Health", needs_key=False, refusals=("forbidden",),
        responses={200: ResponseDoc("Text exposition.", media_type="text/plain", schema={"type": "string"})},
    ),
)  # fmt: skip
