"""What the operations that change templates and settings read of a request: the body, and that there are no parameters."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import check_no_parameters
from posthouse.doors.http.validation import T
from posthouse.model.send_request import Rejection

BODY_BYTES: Final = 8 << 20


def no_parameters(request: Request) -> Response | None:
    """The refusal of any parameter, for operations that take none."""
    rejection = check_no_parameters(request)
    return None if rejection is None else refuse(rejection)


async def read(parts: ApiParts, request: Request, kind: type[T]) -> T | Rejection:
    """The body, of a request without parameters."""
    return await read_json(parts, request, kind, BODY_BYTES, parts.intake.give_way)
