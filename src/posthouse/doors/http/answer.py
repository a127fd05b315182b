"""Responses that are no error: JSON in camelCase, times in UTC with milliseconds."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

_ENCODER: Final = msgspec.json.Encoder()
MEDIA_TYPE: Final = "application/json"
RATE_LIMIT_FIELDS: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response with any of our frozen values."""
    plain = msgspec.to_builtins(value, builtin_types=(datetime,))
    return encoded(_in_utc(plain), status, headers)


def encoded(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The same for a value without times, which is not walked."""
    return Response(_ENCODER.encode(value), status, headers, MEDIA_TYPE)


def moment(at: datetime) -> str:
    """``2026-11-22T10:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _in_utc(value: Any) -> Any:
    """Plain JSON with its times as the contract writes them."""
    if isinstance(value, dict):
        return {name: _in_utc(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_in_utc(inner) for inner in value]
    return moment(value) if isinstance(value, datetime) else value
