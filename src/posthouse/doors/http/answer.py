"""Responses that are no error: JSON in camelCase, times in UTC with milliseconds."""

from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from posthouse.model.time_format import with_iso_times

_ENCODER: Final = msgspec.json.Encoder()
MEDIA_TYPE: Final = "application/json"
RATE_LIMIT_FIELDS: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response with any of our frozen values."""
    plain = msgspec.to_builtins(value, builtin_types=(datetime,))
    return encoded(with_iso_times(plain), status, headers)


def encoded(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The same for a value without times, which is not walked."""
    return Response(_ENCODER.encode(value), status, headers, MEDIA_TYPE)
