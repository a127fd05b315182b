"""What does an alert say to a person: how grave it is, what happened, and what to do? (mission O3)

One rule a file; the tuple below is the registry. An alert whose type has no rule (a newer version wrote it) is shown by its name.
"""

from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.policy.alerts import (
    delivery_failed,
    mail_waits,
    suppression_brake,
    suppression_growth,
    suppression_lockout,
    webhook_disabled,
    webhooks_behind,
)
from posthouse.policy.alerts.rule import AlertData, AlertRule, plain, text

RULES: Final[tuple[AlertRule, ...]] = (
    delivery_failed.RULE,
    mail_waits.RULE,
    webhook_disabled.RULE,
    webhooks_behind.RULE,
    suppression_brake.RULE,
    suppression_growth.RULE,
    suppression_lockout.RULE,
)
ALERT_TYPES: Final = tuple(rule.type.value for rule in RULES)
_BY_TYPE: Final = {rule.type.value: rule for rule in RULES}


def describe_alert(type: str, data: AlertData | None) -> AlertWords:
    """An alert in words. What its data lacks is left out of the sentence."""
    rule = _BY_TYPE.get(type)
    return _describe_unknown(type) if rule is None else rule.words(data or {})


def _describe_unknown(type: str) -> AlertWords:
    name = text({"type": plain(type.partition(".")[2] or type)}, "type") or "something"
    return AlertWords(
        severity="warning",
        title=name[:1].upper() + name[1:],
        summary=f"Posthouse reports {name}.",
        advice=(RemedyStep("Read its data."),),
    )
