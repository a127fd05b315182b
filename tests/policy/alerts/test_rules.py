"""Alerts in words: each type has its rule, and whatever its data lacks or holds, there are words for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.event import EventType
from posthouse.model.outcome import Reason
from posthouse.policy.alerts import ALERT_TYPES, RULES, delivery_failed, describe_alert

ALERTS = [type.value for type in EventType if type.startswith("alert.")]
DATA = {
    "messageType": "password_reset", "route": "mx", "reason": "connect_failed", "reply": "no\nanswer", "host": "app.example",
    "endpointId": "whk_1", "provider": "google.com", "attempts": 60, "hard": 58, "base": 0.004, "provisional": 31, "until": "later",
    "added": 120, "usual": 2.5, "suppression": "sup_1", "blocked": True, "why": "they complained",
}  # fmt: skip
ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.text())
    | st.dictionaries(st.text(), st.text())
)


def test_every_type_of_alert_has_one_rule() -> None:
    assert sorted(ALERT_TYPES) == sorted(ALERTS)
    assert len({rule.words for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("type", ALERTS)
@pytest.mark.parametrize("data", [None, {}, DATA])
def test_they_are_whole_sentences_with_something_to_do(type: str, data: dict[str, object] | None) -> None:
    words = describe_alert(type, data)
    assert words.advice
    for text in (words.summary, *(step.text for step in words.advice)):
        assert text[0].isupper(), text
        assert text.endswith((".", "?")), text
        assert "  " not in text, text
        assert "None" not in text, text
    assert not words.title.endswith(".")


@given(type=st.sampled_from([*ALERTS, "alert.of_tomorrow", "x"]), data=st.dictionaries(st.sampled_from(sorted(DATA)), ANY))
def test_nothing_that_the_data_holds_breaks_them(type: str, data: dict[str, object]) -> None:
    words = describe_alert(type, data)
    assert len(words.summary) < 2000
    assert "\n" not in words.title + words.summary


@pytest.mark.parametrize(
    ("type", "data", "severity"),
    [
        ("alert.delivery_failed", {"messageType": "password_reset"}, "critical"),
        ("alert.delivery_failed", {"messageType": "security_alert"}, "critical"),
        ("alert.delivery_failed", {"messageType": "newsletter"}, "warning"),
        ("alert.delivery_failed", {"messageType": "of_a_tenant"}, "warning"),
        ("alert.suppression_lockout", {"blocked": True}, "critical"),
        ("alert.suppression_lockout", {"blocked": False}, "warning"),
        ("alert.suppression_growth", {}, "warning"),
        ("alert.webhook_disabled", {}, "critical"),
    ],
)
def test_it_is_critical_where_people_wait(type: str, data: dict[str, object], severity: str) -> None:
    assert describe_alert(type, data).severity == severity


@pytest.mark.parametrize("reason", ["mailbox_full", "auth_failed", "policy_blocked", "connect_failed"])
def test_what_to_do_depends_on_whose_fault_it_is(reason: str) -> None:
    assert (
        describe_alert("alert.delivery_failed", {"reason": reason}).advice[0].text
        != describe_alert("alert.delivery_failed", {}).advice[0].text
    )


def test_remedies_are_for_reasons_that_there_are() -> None:
    assert set(delivery_failed._REMEDIES) <= {reason.value for reason in Reason}


def test_a_long_reply_is_cut() -> None:
    assert len(describe_alert("alert.delivery_failed", {"reply": "x" * 5000}).summary) < 600
