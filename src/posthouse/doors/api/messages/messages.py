"""Messages over HTTP: lists, one with its timeline, its exact bytes, its content, and what can still be done about it."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import messages
from posthouse.admin.messages import NO_MESSAGE
from posthouse.admin.streams import refuse_unknown
from posthouse.doors.api.messages.mail_view import attachment_views, header_views
from posthouse.doors.api.sending.rate_limit import respond_within
from posthouse.doors.api.sending.send import MESSAGE_LINKS, send_response
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import ADDRESS, CURSOR, LIMIT, TEXT, TIME, Endpoint, Parameter, ResponseDoc, id_in_path
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query, check_no_parameters
from posthouse.mail.mime.readable import read
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.delivery import DeliveryState
from posthouse.model.send_request import Caller, Rejection, invalid
from posthouse.model.stored_message import MessageFilter, RawFacts
from posthouse.model.timeline import MessagePage, MessageView
from posthouse.model.views.messages import ContentView
from posthouse.model.views.sending import SendReply
from posthouse.pipeline.deliver.rebuild import HandedOver, rebuild
from posthouse.store.messages import timeline
from posthouse.store.messages.contents import open_content
from posthouse.store.seal import SealBroken

PREFIX: Final = "msg"
_FILTERS: Final = ("type", "stream", "status", "recipient", "tag", "dedupeKey", "template", "since", "until", "cursor", "limit")
_RAW_HEADERS: Final = {
    "Content-Disposition": "attachment; filename=message.eml",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_NO_RECIPIENT: Final = not_found("The message has no such recipient.")
_NO_ATTEMPT: Final = not_found("Nothing was handed over yet: there has been no attempt.")
_NOT_KEPT: Final = not_found("The content of this message is no longer kept.")


async def list_messages(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of messages, newest first, each with its timeline."""
    query = Query(request.query_params, _FILTERS)
    filter_ = MessageFilter(
        type=query.text("type"),
        stream=query.text("stream"),
        status=query.choice("status", DeliveryState),
        recipient=query.address("recipient"),
        tag=query.text("tag"),
        dedupe_key=query.text("dedupeKey"),
        template=query.text("template"),
        since=query.time("since"),
        until=query.time("until"),
        before=query.cursor(),
        limit=query.limit(),
    )
    if query.faults:
        return refuse(invalid(*query.faults))
    database = parts.database_of(caller)
    if (unknown := await refuse_unknown(database, caller.tenant, {"stream": filter_.stream})) is not None:
        return refuse(unknown)
    return answer(await timeline.list_messages(database, parts.sealer, caller.tenant, caller.environment, filter_))


async def get_message(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One message with its timeline."""
    message = _message_in_path(request)
    return refuse(message) if isinstance(message, Rejection) else await _respond_with(parts, caller, message)


async def raw(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The exact bytes that were sent for one recipient; for the first that was attempted where none is named."""
    query = Query(request.query_params, ("recipient",))
    recipient = query.address("recipient")
    if query.faults:
        return refuse(invalid(*query.faults))
    facts = await _raw_facts(parts, caller, _message_id(request))
    handed_over = facts if isinstance(facts, Rejection) else _find_handed_over(facts, recipient)
    if isinstance(handed_over, Rejection):
        return refuse(handed_over)
    try:
        data = await rebuild(parts.sealer, parts.signing_keys, handed_over)
    except SealBroken:
        return refuse(_NOT_KEPT)
    return Response(data, headers=_RAW_HEADERS, media_type="message/rfc822")


async def content(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The content of the message, parsed as a mail program would."""
    message = _message_in_path(request)
    facts = message if isinstance(message, Rejection) else await _raw_facts(parts, caller, message)
    if isinstance(facts, Rejection):
        return refuse(facts)
    if facts.sealed is None or facts.key_id is None:
        return refuse(_NOT_KEPT)
    try:
        return answer(_content_view(open_content(parts.sealer, facts.sealed, facts.key_id, facts.message.bytes)))
    except SealBroken:
        return refuse(_NOT_KEPT)


async def cancel(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Cancel what was never attempted; the response is the message afterwards."""
    message = _message_in_path(request)
    if isinstance(message, Rejection):
        return refuse(message)
    cancelled = await messages.cancel(parts.admin, actor_of(caller), message)
    return refuse(cancelled) if isinstance(cancelled, Rejection) else await _respond_with(parts, caller, message)


async def resend(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Send once more: a copy, or the same deliveries where they are in doubt or failed."""
    message = _message_in_path(request)
    if isinstance(message, Rejection):
        return refuse(message)

    async def respond() -> Response:
        return send_response(await messages.resend_message(parts.admin, actor_of(caller), message))

    return await respond_within(await parts.throttle.check_resend(caller, message), respond)


def _message_in_path(request: Request) -> UUID | Rejection:
    """The message in the path, of a request without parameters."""
    return check_no_parameters(request) or _message_id(request) or NO_MESSAGE


def _message_id(request: Request) -> UUID | None:
    return ids.parse(PREFIX, request.path_params["id"])


async def _respond_with(parts: ApiParts, caller: Caller, message: UUID) -> Response:
    view = await timeline.get_message(parts.database_of(caller), parts.sealer, caller.tenant, caller.environment, message)
    return answer(view) if view else refuse(NO_MESSAGE)


async def _raw_facts(parts: ApiParts, caller: Caller, message: UUID | None) -> RawFacts | Rejection:
    if message is None:
        return NO_MESSAGE
    return await timeline.raw_facts(parts.database_of(caller), caller.tenant, caller.environment, message) or NO_MESSAGE


def _find_handed_over(facts: RawFacts, recipient: str | None) -> HandedOver | Rejection:
    """What the bytes for a recipient are rebuilt from, or why there are none."""
    deliveries = [delivery for delivery in facts.deliveries if recipient in (None, delivery.recipient)]
    if not deliveries:
        return _NO_RECIPIENT
    if facts.sealed is None or facts.key_id is None:
        return _NOT_KEPT
    for delivery in deliveries:
        if delivery.first_attempt_at is not None:
            return HandedOver(
                tenant=facts.tenant,
                message=facts.message,
                header_domain=facts.header_domain,
                key_id=facts.key_id,
                sealed=facts.sealed,
                first_attempt_at=delivery.first_attempt_at,
                keyset=delivery.keyset,
                digest=delivery.digest,
            )
    return _NO_ATTEMPT


def _content_view(stored: Content) -> ContentView:
    mail = read(stored.head + b"\r\n" + stored.body)
    return ContentView(
        from_=mail.from_,
        to=mail.to,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        links=mail.links,
        headers=header_views(mail),
        attachments=attachment_views(mail),
    )


_ID: Final = id_in_path(PREFIX)
ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path="/v1/messages",
        handler=list_messages,
        operation_id="listMessages",
        summary="List messages with their timelines",
        tag="Messages",
        query=(
            Parameter("type", "Of this message type.", TEXT),
            Parameter("stream", "On this stream.", TEXT),
            Parameter("status", "With this status.", {"type": "string", "enum": [state.value for state in DeliveryState]}),
            Parameter("recipient", "With a delivery to this address.", ADDRESS),
            Parameter("tag", "With this tag.", TEXT),
            Parameter("dedupeKey", "Sent under this key.", TEXT),
            Parameter("template", "Made from this template.", TEXT),
            Parameter("since", "Accepted at or after this time.", TIME),
            Parameter("until", "Accepted at or before this time.", TIME),
            CURSOR,
            LIMIT,
        ),
        responses={
            200: ResponseDoc("A page of messages, newest first.", MessagePage, links=MESSAGE_LINKS, id_pointer="/data/0/id")
        },
    ),
    Endpoint(
        method="GET",
        path="/v1/messages/{id}",
        handler=get_message,
        operation_id="getMessage",
        summary="One message with its timeline",
        tag="Messages",
        path_parameters=_ID,
        responses={200: ResponseDoc("The message.", MessageView)},
    ),
    Endpoint(
        method="GET",
        path="/v1/messages/{id}/raw",
        handler=raw,
        operation_id="getRaw",
        summary="The exact bytes handed over",
        tag="Messages",
        path_parameters=_ID,
        query=(Parameter("recipient", "Whose; left out: the first that was tried.", ADDRESS),),
        responses={
            200: ResponseDoc("The message as it was on the wire.", media_type="message/rfc822", schema={"type": "string"})
        },
    ),
    Endpoint(
        method="GET",
        path="/v1/messages/{id}/content",
        handler=content,
        operation_id="getContent",
        summary="What the message says",
        tag="Messages",
        path_parameters=_ID,
        responses={200: ResponseDoc("Its text, HTML, header and attachments.", ContentView)},
    ),
    Endpoint(
        method="POST",
        path="/v1/messages/{id}/cancel",
        handler=cancel,
        operation_id="cancel",
        summary="Cancel what was never attempted",
        tag="Messages",
        path_parameters=_ID,
        responses={200: ResponseDoc("The message as it is then.", MessageView)},
        refusals=("not_cancellable",),
    ),
    Endpoint(
        method="POST",
        path="/v1/messages/{id}/resend",
        handler=resend,
        operation_id="resend",
        summary="Send it once more",
        tag="Messages",
        path_parameters=_ID,
        is_rate_limited=True,
        refusals=("forbidden", "domain_not_verified", "not_cancellable", "content_refused", "no_route"),
        responses={
            202: ResponseDoc(
                "A new message; for in_doubt and failed the same deliveries again.", SendReply, headers=("Idempotency-Replayed",)
            )
        },
    ),
)
