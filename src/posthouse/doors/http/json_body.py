"""What a small request asks: its body as a Struct, where no query stands beside it, or every fault in it."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http import body
from posthouse.doors.http.limits import SMALL_BODY
from posthouse.doors.http.problem import invalid
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import T, validate
from posthouse.model.send_request import Rejection


async def read_json(
    parts: ApiParts, request: Request, kind: type[T], most: int = SMALL_BODY, pause: Callable[[], Awaitable[None]] | None = None
) -> T | Rejection:
    """The body, at most ``most`` bytes, of a request without parameters. ``pause``: before what is dear to read is read."""
    query = Query(request.query_params, ())
    if query.faults:
        return invalid(*query.faults)
    data = await body.read(request, most, parts.body_seconds)
    if pause is not None:
        await pause()
    parsed = data if isinstance(data, Rejection) else body.decode(data)
    if isinstance(parsed, Rejection):
        return parsed
    faults = list(parsed.faults)
    found = validate(parsed.members, kind, faults)
    return invalid(*faults) if faults else found
