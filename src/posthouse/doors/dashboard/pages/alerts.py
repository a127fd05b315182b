"""``GET /alerts``: what operations should know of, in words, with what to do; for the operator on this machine.

Shows the first tenant's two environments together, newest first. Read only.
"""

from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from posthouse.admin.views.alerts import alert_view
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.dashboard.gate import may_see
from posthouse.doors.dashboard.pages.messages import HEADERS, NOT_YOU, fresh_alerts
from posthouse.doors.dashboard.render import AlertsPageData, alerts_page
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.model.alert import Alert, AlertFilter
from posthouse.model.send_request import Environment
from posthouse.model.tenant import Tenant
from posthouse.model.timeline import cursor, read_cursor
from posthouse.store.tenants import alerts, tenants

SHOWN: Final = 25


def alerts_dashboard(parts: ApiParts) -> Endpoint:
    """The page, or 403 for whoever is not on this machine."""

    async def endpoint(request: Request) -> Response:
        if not may_see(request, parts.public_url):
            return refuse(NOT_YOU)
        shown = await _shown(parts, request)
        return HTMLResponse(alerts_page(shown), 422 if shown.faults else 200, HEADERS)

    return endpoint


async def _shown(parts: ApiParts, request: Request) -> AlertsPageData:
    tenant = await tenants.first(parts.database)
    query = Query(request.query_params, ("before",))
    place = query.text("before") or ""
    before = read_cursor(place) if place else None
    if place and before is None:
        query.fault("before", "is none that this page gave")
    base = AlertsPageData(now=parts.clock.now(), before=place, faults=query.faults)
    if tenant is None:
        return base
    base = msgspec.structs.replace(base, tenant=tenant.name or tenant.ref, fresh=await fresh_alerts(parts, tenant))
    if query.faults:
        return base
    found = await _found(parts, tenant, before)
    page = found[:SHOWN]
    older = f"/alerts?before={cursor(page[-1][0].id)}" if len(found) > SHOWN else ""
    return msgspec.structs.replace(base, alerts=[_plain(*each) for each in page], older=older)


async def _found(parts: ApiParts, tenant: Tenant, before: UUID | None) -> list[tuple[Alert, Environment]]:
    """The newest of both environments, one more than is shown."""
    wanted = AlertFilter(before=before, limit=SHOWN + 1)
    async with parts.database.session() as session:
        found = [
            (alert, each) for each in Environment for alert in await alerts.list_alerts(session, tenant.id, int(each), wanted)
        ]
    return sorted(found, key=lambda pair: pair[0].id, reverse=True)[: SHOWN + 1]


def _plain(alert: Alert, environment: Environment) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(alert_view(alert))
    return plain | {"at": alert.at, "environment": environment.name.lower()}
