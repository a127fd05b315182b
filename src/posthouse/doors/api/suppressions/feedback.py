"""``POST /v1/feedback/raw``: returned mail by HTTP, for whoever receives it elsewhere and passes it on.

The body is the mail as it came (``message/rfc822``). Whose it is says the address it came to, ``?recipient=b+…@…``, whose token is
proved before anything is kept; a token that proves nothing is 404, and one of another tenant or environment as well.
"""

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.hooks.hook_endpoint import whole_body
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.mail.return_path import ReturnPath
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.pipeline.feedback.receive import FeedbackReceiver, find_destination
from posthouse.telemetry import metrics

MOST_BYTES = 10 << 20
_NOBODY = not_found("This recipient is no return path of yours.")
_LARGE = Rejection("too_large", f"A returned mail may have {MOST_BYTES >> 20} MB.")
_WANTED = Rejection(
    "validation_failed", "recipient is required.", (FieldError("recipient", "is required: the address the mail was returned to"),)
)


async def raw(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Keep one returned mail; it is read and acted on after the answer."""
    query = Query(request.query_params, ("recipient",))
    recipient = query.text("recipient")
    if query.faults or recipient is None:
        return refuse(_WANTED)
    destination = find_destination(parts.sealer.token_keys, recipient.partition("@")[0])
    owner = (caller.tenant, int(caller.environment))
    if not isinstance(destination, ReturnPath) or (destination.tenant, destination.environment) != owner:
        metrics.FORGED.labels("raw").inc()
        return refuse(_NOBODY)
    body = await whole_body(request, MOST_BYTES)
    if body is None:
        return refuse(_LARGE)
    receiver = FeedbackReceiver(database=parts.database, sealer=parts.sealer, clock=parts.clock, new_id=parts.new_id)
    await receiver.receive_report(destination, body)
    return Response(status_code=202)
