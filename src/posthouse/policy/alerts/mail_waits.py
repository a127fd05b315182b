"""Mail waits past its target and nobody has tried to send it: no worker takes it, or there are too few."""

from datetime import timedelta
from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.policy.alerts.rule import AlertData, AlertRule, moment, text

WINDOW: Final = timedelta(hours=1)
PAST_TARGET: Final = timedelta(seconds=15)  # a restart takes less


def _words(data: AlertData) -> AlertWords:
    count, lane, since = text(data, "waiting"), text(data, "lane"), moment(text(data, "since"))
    what = f"{count} message{'s' if count != '1' else ''}" if count else "Mail"
    return AlertWords(
        severity="critical" if lane in ("instant", "prompt") else "warning",
        title=f"{what} past the target and not tried yet",
        summary=f"Accepted mail{f' of the lane {lane}' if lane else ''} should have been delivered"
        f"{f' by {since}' if since else ' by now'} and no attempt was made.",
        advice=(
            RemedyStep("See whether workers run and the database answers.", "posthouse doctor"),
            RemedyStep("If they run and the queue grows, start more of them (POSTHOUSE_WORKERS)."),
            RemedyStep("See what waits.", "posthouse messages list --status queued"),
        ),
    )


RULE: Final = AlertRule(type=EventType.ALERT_MAIL_WAITS, words=_words, window=WINDOW)
