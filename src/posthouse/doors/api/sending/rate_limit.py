"""A key's rate limit in the response: RateLimit-Limit, -Remaining, -Reset, and 429 with Retry-After.

Only operations that send are limited, and only a key with a limit gets the fields (draft-ietf-httpapi-ratelimit-headers,
version 6; RFC 6585 section 4). A key without one costs nothing here.
"""

from collections.abc import Awaitable, Callable, Sequence

from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import RATE_LIMIT_FIELDS
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Caller, Rejection, SendRequest
from posthouse.pipeline.accept.rate_limits import RateLimitResult


async def respond_if_allowed(
    parts: ApiParts, caller: Caller, requests: Sequence[SendRequest | Rejection], respond: Callable[[], Awaitable[Response]]
) -> Response:
    """The response, if the key may send so many messages now, else 429. A request that is rejected anyway counts nothing."""
    if caller.rate is None:
        return await respond()
    return await respond_within(await parts.throttle.ask(caller, requests), respond)


async def respond_within(result: RateLimitResult | None, respond: Callable[[], Awaitable[Response]]) -> Response:
    """The same for a result of the rate limit; None: the key has no limit."""
    if result is None:
        return await respond()
    response = refuse(result.rejection) if result.rejection is not None else await respond()
    standing = result.standing
    for name, value in zip(RATE_LIMIT_FIELDS, (standing.limit, standing.remaining, standing.reset), strict=True):
        response.headers[name] = str(value)
    return response
