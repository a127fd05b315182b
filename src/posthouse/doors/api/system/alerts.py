"""``GET /v1/alerts``: what operations should know of, newest first, in words: the ``alert.*`` events of the key's tenant and environment.

The same events go to webhooks and stand in ``GET /v1/events``; here they are found by themselves and say what to do.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.views.alerts import alert_page
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import invalid, refuse
from posthouse.doors.http.query import Query
from posthouse.model.alert import AlertFilter
from posthouse.model.send_request import Caller
from posthouse.policy.alerts import words
from posthouse.store.tenants import alerts

_FILTERS: Final = ("type", "since", "until", "cursor", "limit")


async def list_alerts(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of alerts."""
    query = Query(request.query_params, _FILTERS)
    type, since, until = query.choice("type", words.TYPES), query.time("since"), query.time("until")
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    wanted = AlertFilter(type=type, since=since, until=until, before=before, limit=limit + 1)
    async with parts.database.session() as session:
        found = await alerts.list_alerts(session, caller.tenant, int(caller.environment), wanted)
    return answer(alert_page(found, limit))
