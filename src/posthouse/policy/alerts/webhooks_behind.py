"""Events wait to be read for the webhooks: something of ours holds them up, or there are more than one process can read."""

from datetime import timedelta
from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.policy.alerts.rule import AlertData, AlertRule, text

WINDOW: Final = timedelta(hours=1)
BEHIND: Final = timedelta(seconds=30)


def _words(data: AlertData) -> AlertWords:
    seconds = text(data, "seconds")
    return AlertWords(
        severity="warning",
        title=f"Webhooks are{f' {seconds} s' if seconds else ''} behind",
        summary="Events were written that no webhook has been given yet. They wait and are not lost.",
        advice=(
            RemedyStep("See whether a session named `posthouse …` has been in a transaction for long (pg_stat_activity)."),
            RemedyStep(
                "See whether the process is busy: posthouse_webhook_lag_seconds, and the log of fanout.", "posthouse doctor"
            ),
        ),
    )


RULE: Final = AlertRule(type=EventType.ALERT_WEBHOOKS_BEHIND, words=_words, window=WINDOW)
