"""``GET /v1/alerts``: what operations should know of, newest first, in words: the ``alert.*`` events of the key's tenant and environment.

The same events go to webhooks and stand in ``GET /v1/events``; here they are found by themselves and say what to do.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import invalid, refuse
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.alert import Alert, AlertFilter
from posthouse.model.send_request import Caller
from posthouse.model.timeline import cursor
from posthouse.model.views.alerts import AlertPage, AlertView
from posthouse.model.webhook_event import PREFIX
from posthouse.policy.alerts import ALERT_TYPES, describe_alert
from posthouse.store.tenants import alerts

_FILTERS: Final = ("type", "since", "until", "cursor", "limit")


async def list_alerts(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of alerts."""
    query = Query(request.query_params, _FILTERS)
    type, since, until = query.choice("type", ALERT_TYPES), query.time("since"), query.time("until")
    before, limit = query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    wanted = AlertFilter(type=type, since=since, until=until, before=before, limit=limit + 1)
    async with parts.database.session() as session:
        found = await alerts.list_alerts(session, caller.tenant, int(caller.environment), wanted)
    return answer(page(found, limit))


def page(found: list[Alert], limit: int) -> AlertPage:
    """What was found, at most ``limit``, and where to go on if there was more."""
    shown = found[:limit]
    return AlertPage(data=[view(each) for each in shown], next_cursor=cursor(shown[-1].id) if len(found) > limit else None)


def view(each: Alert) -> AlertView:
    """An alert as it is shown."""
    said = describe_alert(each.type, each.data)
    return AlertView(
        id=ids.text(PREFIX, each.id), type=each.type, at=each.at, severity=said.severity, title=said.title, summary=said.summary,
        advice=said.advice, message_id=ids.text("msg", each.message) if each.message else None, data=each.data or {},
    )  # fmt: skip
