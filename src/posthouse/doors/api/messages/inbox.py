"""The built-in inbox over HTTP (X1, X3): what test mail and ``inbox:`` routes delivered, read, waited for, thrown away.

``wait`` is a long poll: the answer comes with the first mail that fits, or empty when the time is over. It asks
the store again at growing pauses, so a waiting test costs a few queries a second and no connection.

Known sharp edges: subjects rest sealed, so a filter by subject reads mails, newest first, and gives up after
``_SCANNED`` of them; the cursor then goes on from there.
"""

import asyncio
from typing import Final
from uuid import UUID

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import inbox as admin_inbox
from posthouse.doors.api.messages.mail_view import attachments, headers
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.limits import WAIT_SECONDS
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.mail.mime.readable import read
from posthouse.model import ids
from posthouse.model.inbox import InboxFilter, InboxItem
from posthouse.model.send_request import Caller
from posthouse.model.timeline import cursor
from posthouse.model.views.messages import InboxMail, InboxPage
from posthouse.store.messages import inbox

PREFIX: Final = "inb"
_CHUNK: Final = 16  # whole mails in memory at a time
_SCANNED: Final = 800
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 0.4
_NOTHING: Final = UUID(int=0)
_NOT_HERE: Final = not_found("There is no such mail in this inbox.")


async def list_inbox(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Mails that fit, waiting for the first where asked to."""
    query = Query(request.query_params, ("to", "type", "subject", "since", "wait", "cursor", "limit"))
    wanted = InboxFilter(recipient=query.address("to"), type=query.text("type"), since=query.time("since"), before=query.cursor())
    subject, limit, wait = query.text("subject"), query.limit(), query.number("wait", 0, 0, WAIT_SECONDS)
    if query.faults:
        return refuse(invalid(*query.faults))
    until, pause = parts.clock.monotonic() + wait, _FIRST_PAUSE
    while True:
        page = await _page(parts, caller, wanted, subject, limit)
        left = until - parts.clock.monotonic()
        if page.data or left <= 0 or await request.is_disconnected():
            return answer(page)
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


async def get_item(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One mail."""
    query = Query(request.query_params, ())
    if query.faults:
        return refuse(invalid(*query.faults))
    item = ids.parse(PREFIX, request.path_params["id"])
    found = item and await inbox.get(parts.database, parts.sealer, caller.tenant, caller.environment, item)
    return answer(_mail(found)) if found else refuse(_NOT_HERE)


async def empty(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Throw away every mail, or one recipient's."""
    query = Query(request.query_params, ("to",))
    recipient = query.address("to")
    if query.faults:
        return refuse(invalid(*query.faults))
    await admin_inbox.empty(parts.admin, actor_of(caller), recipient)
    return Response(status_code=204)


async def _page(parts: ApiParts, caller: Caller, wanted: InboxFilter, subject: str | None, limit: int) -> InboxPage:
    """Up to ``limit`` fitting mails; the cursor where there are, or may be, more."""
    found: list[InboxMail] = []
    seen, shown = 0, _NOTHING
    chunk = structs.replace(wanted, limit=_CHUNK)
    while seen < _SCANNED:
        items = await inbox.list_items(parts.database, parts.sealer, caller.tenant, caller.environment, chunk)
        for item in items:
            if len(found) == limit:
                return InboxPage(data=found, next_cursor=cursor(shown))
            mail = _mail(item)
            if subject is None or subject.lower() in mail.subject.lower():
                found.append(mail)
                shown = item.id
        if len(items) < _CHUNK:
            return InboxPage(data=found, next_cursor=None)
        seen += len(items)
        chunk = structs.replace(chunk, before=items[-1].id)
    return InboxPage(data=found, next_cursor=cursor(_older(chunk)))


def _older(chunk: InboxFilter) -> UUID:
    assert chunk.before is not None  # noqa: S101 - at least one chunk was full
    return chunk.before


def _mail(item: InboxItem) -> InboxMail:
    seen = read(item.data)
    return InboxMail(
        id=ids.text(PREFIX, item.id),
        message_id=ids.text("msg", item.message),
        type=item.type,
        to=item.recipient,
        from_=seen.from_,
        subject=seen.subject,
        text=seen.text,
        html=seen.html,
        links=seen.links,
        code=seen.code,
        headers=headers(seen),
        attachments=attachments(seen),
        received_at=item.received_at,
    )
