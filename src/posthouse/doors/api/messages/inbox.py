"""The built-in inbox over HTTP: list, wait for, read and delete what test mail and ``inbox:`` routes delivered.

``wait`` is a long poll: the response comes with the first mail that fits, or empty when the time is over or this process
ends. It queries the store again at growing pauses, so a waiting test costs a few queries a second and holds no connection.

Known sharp edges: subjects are stored encrypted, so a filter by subject reads mails, newest first, and stops after ``_SCANNED``
of them; the cursor then continues from there.
"""

from typing import Final
from uuid import UUID

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import inbox as admin_inbox
from posthouse.doors.api.messages.mail_view import attachment_views, header_views
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import ADDRESS, CURSOR, LIMIT, TEXT, TIME, Endpoint, Parameter, ResponseDoc, id_in_path
from posthouse.doors.http.limits import WAIT_SECONDS
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query, check_no_parameters
from posthouse.mail.mime.readable import read
from posthouse.model import ids
from posthouse.model.inbox import InboxFilter, InboxItem
from posthouse.model.send_request import Caller, invalid
from posthouse.model.timeline import cursor
from posthouse.model.views.messages import InboxMail, InboxPage
from posthouse.pipeline.loops import wait_at_most
from posthouse.store.messages import inbox

PREFIX: Final = "inb"
_CHUNK: Final = 16  # whole mails in memory at a time
_SCANNED: Final = 800
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.4
_NO_ITEM: Final = UUID(int=0)
_NO_MAIL: Final = not_found("There is no such mail in this inbox.")


async def list_inbox(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Mails that fit; with ``wait``, the response waits for the first."""
    query = Query(request.query_params, ("to", "type", "subject", "since", "wait", "cursor", "limit"))
    filter_ = InboxFilter(
        recipient=query.address("to"), type=query.text("type"), since=query.time("since"), before=query.cursor()
    )
    subject, limit, wait = query.text("subject"), query.limit(), query.number("wait", 0, 0, WAIT_SECONDS)
    if query.faults:
        return refuse(invalid(*query.faults))
    until, pause = parts.clock.monotonic() + wait, _FIRST_PAUSE
    while True:
        page = await _page(parts, caller, filter_, subject, limit)
        left = until - parts.clock.monotonic()
        if page.data or left <= 0 or parts.stopping.is_set() or await request.is_disconnected():
            return answer(page)
        await wait_at_most(parts.stopping, min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def get_item(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One mail."""
    rejection = check_no_parameters(request)
    if rejection is not None:
        return refuse(rejection)
    identifier = ids.parse(PREFIX, request.path_params["id"])
    if identifier is None:
        return refuse(_NO_MAIL)
    item = await inbox.get(parts.database_of(caller), parts.sealer, caller.tenant, caller.environment, identifier)
    return answer(_mail_view(item)) if item else refuse(_NO_MAIL)


async def empty(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Delete every mail, or one recipient's."""
    query = Query(request.query_params, ("to",))
    recipient = query.address("to")
    if query.faults:
        return refuse(invalid(*query.faults))
    await admin_inbox.empty(parts.admin, actor_of(caller), recipient)
    return Response(status_code=204)


async def _page(parts: ApiParts, caller: Caller, filter_: InboxFilter, subject: str | None, limit: int) -> InboxPage:
    """Up to ``limit`` fitting mails; the cursor where there are, or may be, more."""
    mails: list[InboxMail] = []
    scanned, last = 0, _NO_ITEM
    chunk = structs.replace(filter_, limit=_CHUNK)
    while scanned < _SCANNED:
        items = await inbox.list_items(parts.database_of(caller), parts.sealer, caller.tenant, caller.environment, chunk)
        for item in items:
            if len(mails) == limit:
                return InboxPage(data=mails, next_cursor=cursor(last))
            mail = _mail_view(item)
            if subject is None or subject.lower() in mail.subject.lower():
                mails.append(mail)
                last = item.id
        if len(items) < _CHUNK:
            return InboxPage(data=mails, next_cursor=None)
        scanned += len(items)
        chunk = structs.replace(chunk, before=items[-1].id)
    assert chunk.before is not None  # noqa: S101 - at least one chunk was full
    return InboxPage(data=mails, next_cursor=cursor(chunk.before))


def _mail_view(item: InboxItem) -> InboxMail:
    mail = read(item.data)
    return InboxMail(
        id=ids.text(PREFIX, item.id),
        message_id=ids.text("msg", item.message),
        type=item.type,
        to=item.recipient,
        from_=mail.from_,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        links=mail.links,
        code=mail.code,
        headers=header_views(mail),
        attachments=attachment_views(mail),
        received_at=item.received_at,
    )


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/inbox", handler=list_inbox, operation_id="listInbox", summary="List or wait for mail in the built-in inbox", tag="Inbox",
        query=(
            Parameter("to", "Delivered to this address.", ADDRESS),
            Parameter("type", "Of this message type.", TEXT),
            Parameter("subject", "With this in the subject, in any case.", TEXT),
            Parameter("since", "Received at or after this time.", TIME),
            Parameter("wait", "Seconds to wait for the first that fits.", {"type": "integer", "minimum": 0, "maximum": WAIT_SECONDS, "default": 0}),
            CURSOR,
            LIMIT,
        ),
        responses={200: ResponseDoc("A page of mails, newest first; empty when the time is over.", InboxPage, links=("getInboxMail",), id_pointer="/data/0/id")},
    ),
    Endpoint(
        method="DELETE", path="/v1/inbox", handler=empty, operation_id="emptyInbox", summary="Throw the inbox's mail away", tag="Inbox",
        query=(Parameter("to", "Only mail to this address.", ADDRESS),),
        responses={204: ResponseDoc("Gone.")},
    ),
    Endpoint(
        method="GET", path="/v1/inbox/{id}", handler=get_item, operation_id="getInboxMail", summary="One mail of the inbox", tag="Inbox",
        path_parameters=id_in_path(PREFIX), responses={200: ResponseDoc("The mail.", InboxMail)},
    ),
)  # fmt: skip
