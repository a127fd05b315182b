"""The dashboard's pages by path, for the operator on this machine; every other client gets 403."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from posthouse.doors.dashboard.gate import may_see
from posthouse.doors.dashboard.page import DashboardParts, Frame, Page
from posthouse.doors.dashboard.render import POLICY, PageRenderer
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.resource import Resource
from posthouse.model.send_request import Environment, Rejection
from posthouse.store.tenants import alerts, tenants

NEW_ALERTS: Final = timedelta(days=1)
_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NOT_LOCAL: Final = Rejection(
    "forbidden", "The dashboard is for the machine that Posthouse runs on: open it there, at a loopback address."
)


def build_pages(pages: Sequence[Page], parts: DashboardParts) -> dict[str, Resource]:
    """A resource for each page."""
    renderer = PageRenderer(pages)
    return {page.path: Resource({"GET": partial(_respond, page, renderer, parts)}) for page in pages}


async def _respond(page: Page, renderer: PageRenderer, parts: DashboardParts, request: Request) -> Response:
    if not may_see(request, parts.public_url):
        return refuse(_NOT_LOCAL)
    frame = await _load_frame(parts)
    content = await page.load(parts, frame, request)
    return HTMLResponse(renderer.render(page, frame, content), 422 if content.faults else 200, _HEADERS)


async def _load_frame(parts: DashboardParts) -> Frame:
    now, tenant = parts.clock.now(), await tenants.first(parts.database)
    if tenant is None:
        return Frame(now=now)
    async with parts.database.session() as session:
        counts = [await alerts.count_since(session, tenant.id, int(each), now - NEW_ALERTS) for each in Environment]
    return Frame(now=now, tenant=tenant, new_alerts=sum(counts))
