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
from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.doors.inbound.store_returned import MOST_WHOLE
from posthouse.mail.return_path import ReturnPath
from posthouse.model.feedback import RawFeedback
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.pipeline.feedback.read_returned import REPORT_OCTETS
from posthouse.store.recipients import feedback
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
    whose = RecipientDirectory(parts.sealer.token_keys).whose(recipient.partition("@")[0])
    if not isinstance(whose, ReturnPath) or (whose.tenant, whose.environment) != (caller.tenant, int(caller.environment)):
        metrics.FORGED.labels("raw").inc()
        return refuse(_NOBODY)
    body = await whole_body(request, MOST_BYTES)
    if body is None:
        return refuse(_LARGE)
    now = parts.clock.now()
    kept = RawFeedback(
        id=parts.new_id(now), tenant=whose.tenant, environment=whose.environment, message=whose.message, position=whose.position,
        source="report", body=body if len(body) <= MOST_WHOLE else body[:REPORT_OCTETS], received_at=now,
    )  # fmt: skip
    await feedback.put_once(parts.database, parts.sealer, kept, "")
    return Response(status_code=202)
