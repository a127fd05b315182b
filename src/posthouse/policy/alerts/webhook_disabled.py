"""A webhook endpoint was switched off, by itself or by what it answered."""

from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.policy.alerts.rule import AlertData, AlertRule, text


def _words(data: AlertData) -> AlertWords:
    host, endpoint, reason = text(data, "host"), text(data, "endpointId"), text(data, "reason")
    id = endpoint or "ID"
    return AlertWords(
        severity="critical",
        title=f"Events are no longer posted{f' to {host}' if host else ''}",
        summary=f"The webhook endpoint {endpoint or 'of this tenant'} was switched off{f': {reason}' if reason else ''}."
        " Events from now on are not sent there.",
        advice=(
            RemedyStep("See what it answered.", f"posthouse webhook log {id}"),
            RemedyStep("When it is fixed, switch it on again; what waited goes on.", f"posthouse webhook enable {id}"),
            RemedyStep("Send it again what it missed meanwhile.", f"posthouse webhook replay {id} --since TIME"),
        ),
    )


RULE: Final = AlertRule(type=EventType.ALERT_WEBHOOK_DISABLED, words=_words)
