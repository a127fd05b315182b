"""Alerts, shown: what happened in words, and what to do."""

from collections.abc import Sequence

from posthouse.model import ids
from posthouse.model.alert import Alert
from posthouse.model.timeline import cursor
from posthouse.model.views.alerts import AlertPage, AlertView
from posthouse.model.webhook_event import PREFIX
from posthouse.policy.alerts import describe_alert


def alert_view(alert: Alert) -> AlertView:
    """One alert."""
    said = describe_alert(alert.type, alert.data)
    return AlertView(
        id=ids.text(PREFIX, alert.id),
        type=alert.type,
        at=alert.at,
        severity=said.severity,
        title=said.title,
        summary=said.summary,
        advice=said.advice,
        message_id=ids.text("msg", alert.message) if alert.message else None,
        data=alert.data or {},
    )


def alert_page(alerts: Sequence[Alert], limit: int) -> AlertPage:
    """At most ``limit`` of them, and where to go on if there are more."""
    page = alerts[:limit]
    return AlertPage(data=[alert_view(each) for each in page], next_cursor=cursor(page[-1].id) if len(alerts) > limit else None)
