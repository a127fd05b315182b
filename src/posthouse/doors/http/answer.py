"""How the HTTP door says yes: JSON in camelCase, times in UTC with milliseconds."""

from datetime import datetime
from typing import Any, Final

import msgspec
from starlette.responses import Response

from posthouse.model.time_format import with_iso_times

_ENCODER: Final = msgspec.json.Encoder()
MEDIA_TYPE: Final = "application/json"


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer from any of our frozen values."""
    plain = msgspec.to_builtins(value, builtin_types=(datetime,))
    return encoded(with_iso_times(plain), status, headers)


def encoded(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The same for a value that holds no times, without walking it."""
    return Response(_ENCODER.encode(value), status, headers, MEDIA_TYPE)
