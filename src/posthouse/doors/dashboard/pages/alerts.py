"""``/alerts``: what operations should know of, in words, with what to do; for the operator on this machine.

Shows the first tenant's two environments together, newest first. Read only.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.requests import Request

from posthouse.admin.views.alerts import alert_view
from posthouse.doors.dashboard.page import DashboardParts, Frame, Page, PageContent
from posthouse.doors.http.query import Query
from posthouse.model.alert import Alert, AlertFilter
from posthouse.model.send_request import Environment
from posthouse.model.tenant import Tenant
from posthouse.model.timeline import cursor, read_cursor
from posthouse.store.tenants import alerts

PAGE_LENGTH: Final = 25
_SEVERITIES: Final = ("critical", "warning")


async def load_alerts(parts: DashboardParts, frame: Frame, request: Request) -> PageContent:
    """A page of alerts of both environments."""
    query = Query(request.query_params, ("before",))
    before = query.text("before") or ""
    position = read_cursor(before) if before else None
    if before and position is None:
        query.fault("before", "is none that this page gave")
    if frame.tenant is None or query.faults:
        return PageContent(context=_context((), before), faults=query.faults)
    newest = await _list_alerts(parts, frame.tenant, position)
    page = newest[:PAGE_LENGTH]
    older_url = f"/alerts?before={cursor(page[-1][0].id)}" if len(newest) > PAGE_LENGTH else ""
    return PageContent(context=_context([_template_value(*each) for each in page], before), older_url=older_url)


def _context(alerts_: Sequence[dict[str, Any]], before: str) -> dict[str, Any]:
    """The template's variables. ``alerts_``: as ``GET /v1/alerts`` shows them, with their environment, newest first."""
    counts = Counter(alert["severity"] for alert in alerts_)
    tally = [(severity, counts[severity]) for severity in _SEVERITIES if counts[severity]]
    return {"alerts": list(alerts_), "tally": tally, "filters": {"before": before}}


async def _list_alerts(parts: DashboardParts, tenant: Tenant, before: UUID | None) -> list[tuple[Alert, Environment]]:
    """The newest of both environments, one more than a page has."""
    filter_ = AlertFilter(before=before, limit=PAGE_LENGTH + 1)
    async with parts.database.session() as session:
        rows = [
            (alert, environment)
            for environment in Environment
            for alert in await alerts.list_alerts(session, tenant.id, int(environment), filter_)
        ]
    return sorted(rows, key=lambda pair: pair[0].id, reverse=True)[: PAGE_LENGTH + 1]


def _template_value(alert: Alert, environment: Environment) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(alert_view(alert))
    return value | {"at": alert.at, "environment": environment.name.lower()}


ALERTS: Final = Page(
    path="/alerts", title="alerts", label="Alerts", template="alerts.html", load=load_alerts, shows_new_alerts=True
)
