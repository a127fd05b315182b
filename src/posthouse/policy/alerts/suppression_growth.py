"""The suppression list grows much faster than usual: once a day."""

from datetime import timedelta
from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.policy.alerts.rule import AlertData, AlertRule, text


def _words(data: AlertData) -> AlertWords:
    added, usual = text(data, "added"), text(data, "usual")
    before = f"; in the week before it were {usual} a day." if usual else "."
    return AlertWords(
        severity="warning",
        title="The suppression list grows much faster than usual",
        summary=f"Within a day {added or 'very many'} addresses were added{before}",
        advice=(
            RemedyStep("See where they come from.", "posthouse suppression list --limit 200"),
            RemedyStep(
                "Hard bounces of one provider: it may be wrong. Look at its suppressions, and undo those of a wrong time.",
                "posthouse suppression list --provider NAME",
            ),
            RemedyStep(
                "Hard bounces of many: an old list was written to."
                " Complaints: people did not want this mail. Stop that mail first."
            ),
        ),
    )


RULE: Final = AlertRule(type=EventType.ALERT_SUPPRESSION_GROWTH, words=_words, window=timedelta(days=1))
