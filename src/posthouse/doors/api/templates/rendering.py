"""``GET /v1/messages/{id}/rendering``: a message's mail rendered again from template version and variables, and compared."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.messages import NO_MESSAGE
from posthouse.admin.rerender import rerender
from posthouse.admin.views.templates import rerender_view
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import Endpoint, ResponseDoc, id_in_path
from posthouse.doors.http.problem import not_found, refuse
from posthouse.model import ids
from posthouse.model.send_request import Caller, Rejection
from posthouse.model.views.templates import RerenderView
from posthouse.store.seal import SealBroken

_UNREADABLE: Final = not_found("What the message was made from can no longer be read.")


async def rerendered(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A record's mail rendered again from version and variables, and whether it says the same."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    message = ids.parse("msg", request.path_params["id"])
    if message is None:
        return refuse(NO_MESSAGE)
    try:
        result = await rerender(parts.admin, actor_of(caller), message)
    except SealBroken:
        return refuse(_UNREADABLE)
    return refuse(result) if isinstance(result, Rejection) else answer(rerender_view(result))


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/messages/{id}/rendering", handler=rerendered, operation_id="rerender", tag="Messages",
        summary="Render a record again from version and variables, and compare", path_parameters=id_in_path("msg"),
        responses={200: ResponseDoc("The rendering of today, and whether it is the same.", RerenderView)}, refusals=("variable_invalid",),
    ),
)  # fmt: skip
