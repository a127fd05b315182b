"""Responses that are errors: RFC 9457 problem details with the contract's closed list of codes.

A refusal is a value everywhere, ``Rejection``; here it becomes status, headers and JSON.
"""

from typing import Final, Literal

import msgspec
from starlette.responses import Response

from posthouse.model.send_request import FieldError, Rejection

Code = Literal[
    "invalid_json",
    "unauthenticated",
    "forbidden",
    "domain_not_verified",
    "not_found",
    "method_not_allowed",
    "idempotency_conflict",
    "not_cancellable",
    "conflict",
    "too_large",
    "unsupported_media_type",
    "validation_failed",
    "variable_invalid",
    "template_not_active",
    "content_refused",
    "rate_limited",
    "unavailable",
    "no_route",
]
STATUS: Final[dict[str, int]] = {
    "invalid_json": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "domain_not_verified": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "idempotency_conflict": 409,
    "not_cancellable": 409,
    "conflict": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "validation_failed": 422,
    "variable_invalid": 422,
    "template_not_active": 422,
    "content_refused": 422,
    "rate_limited": 429,
    "unavailable": 503,
    "no_route": 503,
}
TITLES: Final[dict[str, str]] = {
    "invalid_json": "The body is not valid JSON",
    "unauthenticated": "No valid API key",
    "forbidden": "This key may not do that",
    "domain_not_verified": "The sender domain is not verified",
    "not_found": "There is nothing here",
    "method_not_allowed": "This path does not take that method",
    "idempotency_conflict": "The key was used for other content",
    "not_cancellable": "It is too late to cancel",
    "conflict": "What is there already does not allow it",
    "too_large": "The request is too large",
    "unsupported_media_type": "Only application/json is read here",
    "validation_failed": "The request is not valid",
    "variable_invalid": "A template variable is missing or wrong",
    "template_not_active": "The template has no active version",
    "content_refused": "The content is not allowed here",
    "rate_limited": "Too many requests",
    "unavailable": "Posthouse cannot do that just now",
    "no_route": "No route can carry this message",
}
MEDIA_TYPE: Final = "application/problem+json"
_DEFAULT_RETRY_AFTER: Final = 1


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error. ``reasons`` stands only in the answer of ``/readyz``."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    errors: tuple[FieldError, ...]
    reasons: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def problem(rejection: Rejection, reasons: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET) -> Problem:
    """The problem that says what a rejection is."""
    code = rejection.code
    return Problem(
        type=f"urn:posthouse:problem:{code}",
        title=TITLES[code],
        status=STATUS[code],
        detail=rejection.detail,
        code=code,  # type: ignore[arg-type]  # one of the closed list, or the line above has raised
        errors=rejection.errors,
        reasons=reasons,
    )


def refuse(rejection: Rejection, reasons: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET) -> Response:
    """The response to a rejection, with the headers its status asks for (RFC 9110 10.2.3, 11.6.1)."""
    body = problem(rejection, reasons)
    headers: dict[str, str] = {}
    if body.status in (429, 503):
        headers["Retry-After"] = str(rejection.retry_after or _DEFAULT_RETRY_AFTER)
    if body.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="posthouse"'
    if body.status in (401, 413, 415):
        headers["Connection"] = "close"  # the rest of the body is not read
    return Response(msgspec.json.encode(body), body.status, headers, MEDIA_TYPE)


def not_found(what: str) -> Rejection:
    """``not_found``; ``what`` is a sentence. What another tenant owns is not found either."""
    return Rejection("not_found", what)


def body_too_slow(seconds: float) -> Rejection:
    """A body of another media type than JSON that did not arrive in time; the client may try again."""
    return Rejection("unavailable", f"The body did not arrive within {seconds:g} seconds.")
