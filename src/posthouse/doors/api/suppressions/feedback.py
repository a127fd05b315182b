"""``POST /v1/feedback/raw``: returned mail by HTTP, for a system that receives it elsewhere and forwards it.

The body is the mail as it was received (``message/rfc822``). ``?recipient=b+…@…`` is the address it was sent to; it names the
delivery, and its token is verified before anything is stored. A token that does not verify is 404, and so is one of another
tenant or environment.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.body import UnreadBody, receive
from posthouse.doors.http.endpoint import Endpoint, Parameter, ResponseDoc
from posthouse.doors.http.problem import body_too_slow, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.mail.return_path import ReturnPath
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.pipeline.feedback.receive import FeedbackReceiver, find_destination
from posthouse.telemetry import metrics

MOST_BYTES: Final = 10 << 20
_NO_RETURN_PATH: Final = not_found("This recipient is no return path of yours.")
_TOO_LARGE: Final = Rejection("too_large", f"A returned mail may have {MOST_BYTES >> 20} MB.")
_NO_RECIPIENT: Final = Rejection(
    "validation_failed", "recipient is required.", (FieldError("recipient", "is required: the address the mail was returned to"),)
)


async def raw(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Store one returned mail; it is read and acted on after the response."""
    query = Query(request.query_params, ("recipient",))
    recipient = query.text("recipient")
    if query.faults or recipient is None:
        return refuse(_NO_RECIPIENT)
    destination = find_destination(parts.sealer.token_keys, recipient.partition("@")[0])
    owner = (caller.tenant, int(caller.environment))
    if not isinstance(destination, ReturnPath) or (destination.tenant, destination.environment) != owner:
        metrics.FORGED.labels("raw").inc()
        return refuse(_NO_RETURN_PATH)
    body = await receive(request, MOST_BYTES, parts.body_seconds)
    if isinstance(body, UnreadBody):
        return refuse(_TOO_LARGE if body is UnreadBody.TOO_LARGE else body_too_slow(parts.body_seconds))
    receiver = FeedbackReceiver(database=parts.database_of(caller), sealer=parts.sealer, clock=parts.clock, new_id=parts.new_id)
    await receiver.receive_report(destination, body)
    return Response(status_code=202)


_RECIPIENT_SCHEMA: Final = {"type": "string", "minLength": 1, "maxLength": 1024}
ENDPOINTS: Final = (
    Endpoint(
        method="POST", path="/v1/feedback/raw", handler=raw, operation_id="returnedMail", summary="Hand in a returned mail (message/rfc822)", tag="Feedback",
        query=(Parameter("recipient", "Required: the return path the mail came to (b+…@…).", _RECIPIENT_SCHEMA),),
        responses={202: ResponseDoc("Kept; read and acted on after this answer.")}, refusals=("not_found", "too_large"),
    ),
)  # fmt: skip
