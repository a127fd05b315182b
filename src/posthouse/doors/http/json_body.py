"""The reader of small JSON bodies: a Struct, or every fault in the body; the request may have no query parameters."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.requests import Request

from posthouse.doors.http import body
from posthouse.doors.http.limits import SMALL_BODY
from posthouse.doors.http.query import check_no_parameters
from posthouse.doors.http.validation import T, validate
from posthouse.model.send_request import Rejection, invalid


class BodyTime(Protocol):
    """The parts of a door, as far as reading a body needs them."""

    @property
    def body_seconds(self) -> float:
        """How long a body may take to arrive."""
        ...


async def read_json(
    parts: BodyTime,
    request: Request,
    type_: type[T],
    limit: int = SMALL_BODY,
    pause: Callable[[], Awaitable[None]] | None = None,
) -> T | Rejection:
    """The body, at most ``limit`` bytes. ``pause`` is awaited before a body that may be expensive to decode is decoded."""
    rejection = check_no_parameters(request)
    if rejection is not None:
        return rejection
    data = await body.receive_json(request, limit, parts.body_seconds)
    if pause is not None:
        await pause()
    parsed = data if isinstance(data, Rejection) else body.decode(data)
    if isinstance(parsed, Rejection):
        return parsed
    faults = list(parsed.faults)
    value = validate(parsed.members, type_, faults)
    return invalid(*faults) if faults else value
