"""``GET /v1/alerts``: what operations should know of, newest first: the ``alert.*`` events of the key's tenant and environment.

The same events go to webhooks and stand in ``GET /v1/events``; here they are alone, in words, with what to do.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.views.alerts import alert_page
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, TIME, Endpoint, Parameter, ResponseDoc
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.model.alert import AlertFilter
from posthouse.model.send_request import Caller, invalid
from posthouse.model.views.alerts import AlertPage
from posthouse.policy.alerts import ALERT_TYPES
from posthouse.store.tenants import alerts

_FILTERS: Final = ("type", "since", "until", "cursor", "limit")


async def list_alerts(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of alerts."""
    query = Query(request.query_params, _FILTERS)
    type_, since, until = query.choice("type", ALERT_TYPES), query.time("since"), query.time("until")
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    filter_ = AlertFilter(type=type_, since=since, until=until, before=before, limit=limit + 1)
    async with parts.database_of(caller).session() as session:
        stored = await alerts.list_alerts(session, caller.tenant, int(caller.environment), filter_)
    return answer(alert_page(stored, limit))


ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/alerts", handler=list_alerts, operation_id="listAlerts", summary="What operations should know of, and do", tag="Alerts",
        query=(
            Parameter("type", "Of this type.", {"type": "string", "enum": list(ALERT_TYPES)}),
            Parameter("since", "Raised at or after this time.", TIME),
            Parameter("until", "Raised at or before this time.", TIME),
            CURSOR,
            LIMIT,
        ),
        responses={200: ResponseDoc("A page of alerts, newest first.", AlertPage)},
    ),
)  # fmt: skip
