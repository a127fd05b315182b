"""Messages over HTTP: lists, one with its timeline, its exact bytes, its content, and what may still be done about it."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import messages
from posthouse.doors.api.messages.mail_view import attachments, headers
from posthouse.doors.api.sending.rate_limit import allowed
from posthouse.doors.api.sending.send import accepted
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.mail.mime.readable import read
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.delivery import DeliveryState
from posthouse.model.send_request import Caller, Rejection
from posthouse.model.stored_message import MessageFilter, RawFacts
from posthouse.model.views.messages import ContentView
from posthouse.pipeline.deliver import sign
from posthouse.pipeline.deliver.rebuild import HandedOver, rebuild
from posthouse.store.messages import timeline
from posthouse.store.seal import SealBroken

PREFIX: Final = "msg"
_FILTERS: Final = ("type", "stream", "status", "recipient", "tag", "dedupeKey", "template", "since", "until", "cursor", "limit")
_RAW: Final = {
    "Content-Disposition": "attachment; filename=message.eml",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
_NO_MESSAGE: Final = not_found("There is no such message.")
_NO_RECIPIENT: Final = not_found("The message has no such recipient.")
_NO_ATTEMPT: Final = not_found("Nothing was handed over yet: there has been no attempt.")
_NOT_KEPT: Final = not_found("The content of this message is no longer kept.")


async def list_messages(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of messages, newest first, each with its timeline."""
    query = Query(request.query_params, _FILTERS)
    wanted = MessageFilter(
        type=query.text("type"), stream=query.text("stream"), status=query.choice("status", DeliveryState),
        recipient=query.address("recipient"), tag=query.text("tag"), dedupe_key=query.text("dedupeKey"),
        template=query.text("template"), since=query.time("since"), until=query.time("until"), before=query.cursor(),
        limit=query.limit(),
    )  # fmt: skip
    if query.faults:
        return refuse(invalid(*query.faults))
    return answer(await timeline.list_messages(parts.database, parts.sealer, caller.tenant, caller.environment, wanted))


async def get_message(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One message with its timeline."""
    found = _asked(request)
    return refuse(found) if isinstance(found, Rejection) else await _view(parts, caller, found)


async def raw(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The exact bytes handed over for one recipient; the first that was tried where none is named."""
    query = Query(request.query_params, ("recipient",))
    recipient = query.address("recipient")
    if query.faults:
        return refuse(invalid(*query.faults))
    facts = await _facts(parts, caller, _id(request))
    handed = facts if isinstance(facts, Rejection) else _handed(facts, recipient)
    if isinstance(handed, Rejection):
        return refuse(handed)
    try:
        data = await rebuild(parts.sealer, parts.signing_keys, handed)
    except SealBroken:
        return refuse(_NOT_KEPT)
    return Response(data, headers=_RAW, media_type="message/rfc822")


async def content(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """What the message says, read as a mail program would."""
    found = _asked(request)
    facts = found if isinstance(found, Rejection) else await _facts(parts, caller, found)
    if isinstance(facts, Rejection):
        return refuse(facts)
    if facts.sealed is None or facts.key_id is None:
        return refuse(_NOT_KEPT)
    try:
        return answer(_content_view(sign.open_content(parts.sealer, facts.sealed, facts.key_id, facts.message.bytes)))
    except SealBroken:
        return refuse(_NOT_KEPT)


async def cancel(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take back what was never attempted; answers the message as it is then."""
    found = _asked(request)
    if isinstance(found, Rejection):
        return refuse(found)
    cancelled = await messages.cancel(parts.admin, actor_of(caller), found)
    return refuse(cancelled) if isinstance(cancelled, Rejection) else await _view(parts, caller, found)


async def resend(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Once more: a copy, or the same deliveries where they are in doubt or failed."""
    found = _asked(request)
    if isinstance(found, Rejection):
        return refuse(found)

    async def again() -> Response:
        return accepted(await messages.resend_message(parts.admin, actor_of(caller), found))

    return await allowed(await parts.throttle.ask_again(caller, found), again)


def _asked(request: Request) -> UUID | Rejection:
    """The message in the path; no parameters are known beside it."""
    query = Query(request.query_params, ())
    return invalid(*query.faults) if query.faults else _id(request) or _NO_MESSAGE


def _id(request: Request) -> UUID | None:
    return ids.parse(PREFIX, request.path_params["id"])


async def _view(parts: ApiParts, caller: Caller, message: UUID) -> Response:
    view = await timeline.get_message(parts.database, parts.sealer, caller.tenant, caller.environment, message)
    return answer(view) if view else refuse(_NO_MESSAGE)


async def _facts(parts: ApiParts, caller: Caller, message: UUID | None) -> RawFacts | Rejection:
    found = message and await timeline.raw_facts(parts.database, caller.tenant, caller.environment, message)
    return found or _NO_MESSAGE


def _handed(facts: RawFacts, recipient: str | None) -> HandedOver | Rejection:
    """What the bytes for a recipient depend on, or why there are none."""
    asked = [delivery for delivery in facts.deliveries if recipient in (None, delivery.recipient)]
    if not asked:
        return _NO_RECIPIENT
    if facts.sealed is None or facts.key_id is None:
        return _NOT_KEPT
    for tried in asked:
        if tried.first_attempt_at is not None:
            return HandedOver(
                tenant=facts.tenant, message=facts.message, header_domain=facts.header_domain, key_id=facts.key_id,
                sealed=facts.sealed, first_attempt_at=tried.first_attempt_at, keyset=tried.keyset, digest=tried.digest,
            )  # fmt: skip
    return _NO_ATTEMPT


def _content_view(said: Content) -> ContentView:
    seen = read(said.head + b"\r\n" + said.body)
    return ContentView(
        from_=seen.from_, to=seen.to, subject=seen.subject, text=seen.text, html=seen.html, links=seen.links, headers=headers(seen),
        attachments=attachments(seen),
    )  # fmt: skip
