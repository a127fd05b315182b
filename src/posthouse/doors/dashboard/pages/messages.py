"""``GET /``: recent messages and their timelines, for the operator on this machine.

Shows the first tenant's two environments together, newest first. Read only: nothing on the page changes anything.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.dashboard.gate import may_see
from posthouse.doors.dashboard.render import ENVIRONMENTS, POLICY, STATES, MessagesPageData, PageFilter, page
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.send_request import Environment, Rejection
from posthouse.model.stored_message import MessageFilter
from posthouse.model.tenant import Tenant
from posthouse.model.timeline import MessagePage, MessageView, cursor, read_cursor
from posthouse.store.messages import timeline
from posthouse.store.tenants import alerts, tenants

SHOWN: Final = 50
FRESH: Final = timedelta(days=1)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NOT_YOU: Final = Rejection(
    "forbidden", "The dashboard is for the machine that Posthouse runs on: open it there, at a loopback address."
)


def dashboard(parts: ApiParts) -> Endpoint:
    """The page, or 403 for whoever is not on this machine."""

    async def endpoint(request: Request) -> Response:
        if not may_see(request, parts.public_url):
            return refuse(NOT_YOU)
        shown = await _shown(parts, request)
        return HTMLResponse(page(shown), 422 if shown.faults else 200, HEADERS)

    return endpoint


async def _shown(parts: ApiParts, request: Request) -> MessagesPageData:
    tenant = await tenants.first(parts.database)
    here = str(request.base_url).rstrip("/")
    fresh = 0 if tenant is None else await fresh_alerts(parts, tenant)
    base = MessagesPageData(
        now=parts.clock.now(), here=here, tenant="" if tenant is None else tenant.name or tenant.ref, fresh=fresh
    )
    given = QueryParams(
        [(name, value) for name, value in request.query_params.multi_items() if value]
    )  # a form sends empty fields too
    query = Query(given, ("environment", "status", "q", "before"))
    asked = PageFilter(
        environment=query.choice("environment", ENVIRONMENTS) or "", status=query.choice("status", STATES) or "",
        q=query.address("q") or "", before=query.text("before") or "",
    )  # fmt: skip
    if asked.before and read_cursor(asked.before) is None:
        query.fault("before", "is none that this page gave")
    if query.faults or tenant is None:
        return msgspec.structs.replace(base, asked=asked, faults=query.faults)
    messages, older = await _messages(parts, tenant, asked)
    return msgspec.structs.replace(base, asked=asked, messages=messages, older=older)


async def fresh_alerts(parts: ApiParts, tenant: Tenant) -> int:
    """How many alerts the last day had, live and test."""
    since = parts.clock.now() - FRESH
    async with parts.database.session() as session:
        return sum([await alerts.count_since(session, tenant.id, int(each), since) for each in Environment])


async def _messages(parts: ApiParts, tenant: Tenant, asked: PageFilter) -> tuple[list[dict[str, Any]], str]:
    """The newest messages of the environments asked for, and the address of the next page."""
    names = [asked.environment] if asked.environment else ENVIRONMENTS
    pages = await asyncio.gather(*(_page(parts, tenant, name, asked) for name in names))
    found = [_plain(view, name) for name, each in zip(names, pages, strict=True) for view in each.data]
    found.sort(key=lambda message: message["id"], reverse=True)
    more = len(found) > SHOWN or any(each.next_cursor for each in pages)
    return found[:SHOWN], _next(asked, found[:SHOWN], pages) if more else ""


async def _page(parts: ApiParts, tenant: Tenant, environment: str, asked: PageFilter) -> MessagePage:
    wanted = MessageFilter(
        status=asked.status or None,
        recipient=asked.q or None,
        before=read_cursor(asked.before) if asked.before else None,
        limit=SHOWN,
    )
    return await timeline.list_messages(parts.database, parts.sealer, tenant.id, Environment[environment.upper()], wanted)


def _plain(view: MessageView, environment: str) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(datetime,))
    return plain | {"environment": environment}


def _next(asked: PageFilter, shown: list[dict[str, Any]], pages: list[MessagePage]) -> str:
    """From the last one shown; where a filter found too few, from where its search stopped."""
    last = ids.parse("msg", shown[-1]["id"]) if shown else None
    stopped = [each.next_cursor for each in pages if each.next_cursor]
    place = cursor(last) if last is not None and len(shown) == SHOWN else max(stopped, default="", key=_age)
    kept = {"environment": asked.environment, "status": asked.status, "q": asked.q, "before": place}
    return "/?" + urlencode({name: value for name, value in kept.items() if value})


def _age(place: str) -> str:
    return str(read_cursor(place))
