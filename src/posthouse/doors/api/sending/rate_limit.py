"""What an answer says of its key's rate limit: RateLimit-Limit, -Remaining, -Reset, and 429 with Retry-After.

Only operations that send are limited and only a key with a limit is told of it (draft-ietf-httpapi-ratelimit-headers,
version 6; RFC 6585 section 4). A key without one costs nothing here.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Caller, Rejection, SendRequest
from posthouse.pipeline.accept.rate_limits import RateLimitResult

FIELDS: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


async def limited(
    parts: ApiParts, caller: Caller, asked: Sequence[SendRequest | Rejection], act: Callable[[], Awaitable[Response]]
) -> Response:
    """Act, if the key may ask for so much now; an answer with the fields."""
    if caller.rate is None:
        return await act()
    return await allowed(await parts.throttle.check(caller, asked), act)


async def allowed(allowance: RateLimitResult | None, act: Callable[[], Awaitable[Response]]) -> Response:
    """The same once it is known."""
    if allowance is None:
        return await act()
    response = refuse(allowance.rejection) if allowance.rejection is not None else await act()
    standing = allowance.standing
    for name, value in zip(FIELDS, (standing.limit, standing.remaining, standing.reset), strict=True):
        response.headers[name] = str(value)
    return response
