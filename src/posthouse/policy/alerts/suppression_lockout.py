"""A suppression keeps somebody from signing in, or a type that may pass met one: once an hour for each type and cause."""

from datetime import timedelta
from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.policy.alerts.rule import AlertData, AlertRule, article, plain, text

WINDOW: Final = timedelta(hours=1)


def _words(data: AlertData) -> AlertWords:
    type_name, suppression = text(data, "messageType"), text(data, "suppression")
    blocked = data.get("blocked") is not False
    noun = plain(type_name) or "message"
    message = f"{article(noun)} {noun}"
    locked_out = f"Somebody may be locked out: {message[:1].lower() + message[1:]} was suppressed"
    return AlertWords(
        severity="critical" if blocked else "warning",
        title=locked_out if blocked else f"{message} passed the suppression list",
        summary=_summary(f"{message} {'was not sent, because' if blocked else 'was sent although'}", data),
        advice=(
            RemedyStep("Look at the suppression and its evidence.", f"GET /v1/suppressions/{suppression or '{id}'}"),
            _lift(suppression) if blocked else _NOTHING_TO_DO,
        ),
    )


def _summary(message: str, data: AlertData) -> str:
    cause, why = text(data, "reason"), text(data, "why")
    return (
        f"{message} its recipient is on the suppression list{f' ({plain(cause)})' if cause else ''}{f': {why}' if why else ''}."
        " This alert is raised once an hour for each type and cause; there may be more of them."
    )


def _lift(suppression: str) -> RemedyStep:
    command = f"posthouse suppression remove {suppression or 'ID'} --reason REASON"
    return RemedyStep("If the address is theirs and they want mail, lift the suppression.", command)


_NOTHING_TO_DO: Final = RemedyStep(
    "Nothing must be done: this type may pass. Whoever answers for unsubscribed people may want to know."
)
RULE: Final = AlertRule(type=EventType.ALERT_SUPPRESSION_LOCKOUT, words=_words, window=WINDOW)
