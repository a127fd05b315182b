"""The bounce brake is on: a mailbox provider says of too many addresses that they do not exist."""

from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.policy.alerts.rule import AlertData, AlertRule, moment, percent, text


def _words(data: AlertData) -> AlertWords:
    provider = text(data, "provider")
    name = provider or "A mailbox provider"
    return AlertWords(
        severity="critical",
        title=f"{name} says of too many addresses that they do not exist",
        summary=_summary(data),
        advice=(
            RemedyStep(
                "Are the addresses real? If you have just written to an old or bought list, stop: then the provider is right."
            ),
            RemedyStep(
                "If the provider was wrong, undo the suppressions of that time.",
                f"posthouse suppression undo --provider {provider or 'NAME'} --from TIME --to TIME",
            ),
            RemedyStep(
                "If you do nothing, the bounce brake is released half an hour after the share was last too high;"
                " a second attempt then decides each suppression."
            ),
        ),
    )


def _summary(data: AlertData) -> str:
    hard, attempts, provisional = (text(data, name) for name in ("hard", "attempts", "provisional"))
    until, base = moment(text(data, "until")), percent(data.get("base"))
    share = ""
    if hard and attempts:
        usually = f"; usually {base} are" if base else ""
        share = f" {hard} of the last {attempts} answers were hard bounces{usually}."
    which = f"{provisional} suppressions of the last half hour are" if provisional else "New suppressions are"
    return (
        f"It may be wrong about everybody.{share} {which} provisional{f' until {until}' if until else ''}:"
        " mail to these addresses waits, and nobody is locked out for good."
    )


RULE: Final = AlertRule(type=EventType.ALERT_SUPPRESSION_BRAKE, words=_words)
