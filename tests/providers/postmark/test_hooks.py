"""Postmark's hooks as its documentation gives them: genuine ones are verified and understood, all others are rejected."""

from base64 import b64encode
from typing import Any

import pytest

from posthouse.model.feedback import FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.postmark.hooks import POSTMARK
from tests.support.provider_hooks import NOW, K, body, feedback_of


def postmark(record: dict[str, Any], login: str = "user:password") -> Hook:
    return Hook({"authorization": "Basic " + b64encode(login.encode()).decode()}, body(record))


def test_postmark_is_known_by_its_login() -> None:
    assert POSTMARK.verify(postmark({}), "user:password", NOW) == HookVerified()
    assert isinstance(POSTMARK.verify(postmark({}, "user:wrong"), "user:password", NOW), HookRejected)
    assert isinstance(POSTMARK.verify(Hook({"authorization": "Basic ????"}, b"{}"), "user:password", NOW), HookRejected)
    assert isinstance(POSTMARK.verify(Hook({}, b"{}"), "user:password", NOW), HookRejected)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"RecordType": "Bounce", "Type": "HardBounce", "ID": 42, "Email": "a@x.test"}, (K.HARD, True)),
        ({"RecordType": "Bounce", "Type": "SoftBounce", "ID": 43, "Email": "a@x.test"}, (K.SOFT, False)),
        ({"RecordType": "Bounce", "Type": "Transient", "ID": 44, "Email": "a@x.test"}, (K.DELAYED, False)),
        ({"RecordType": "Bounce", "Type": "Blocked", "ID": 45, "Email": "a@x.test"}, (K.BLOCKED, False)),
        ({"RecordType": "Bounce", "Type": "DMARCPolicy", "ID": 46, "Email": "a@x.test"}, (K.BLOCKED, False)),
        ({"RecordType": "Bounce", "Type": "AutoResponder", "ID": 47, "Email": "a@x.test"}, (K.AUTO_REPLY, False)),
        ({"RecordType": "Bounce", "Type": "SomethingNew", "ID": 48, "Email": "a@x.test"}, (K.UNKNOWN, False)),
        ({"RecordType": "SpamComplaint", "ID": 49, "Email": "a@x.test"}, (K.COMPLAINT, True)),
        (
            {"RecordType": "Delivery", "Recipient": "a@x.test", "MessageID": "m", "DeliveredAt": "2026-11-24T11:00:00Z"},
            (K.DELIVERED, False),
        ),
        ({"RecordType": "Open", "Recipient": "a@x.test", "MessageID": "m"}, (K.OPENED, False)),
        (
            {"RecordType": "Click", "Recipient": "a@x.test", "MessageID": "m", "OriginalLink": "https://x.test/?a=1"},
            (K.CLICKED, False),
        ),
        (
            {
                "RecordType": "SubscriptionChange",
                "Recipient": "a@x.test",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
            },
            (K.UNSUBSCRIBED, False),
        ),
    ],
)
def test_postmark_records_are_understood(record: dict[str, Any], expected: tuple[FeedbackKind, bool]) -> None:
    assert feedback_of(postmark(record), "postmark") == [(*expected, "a@x.test")]


def test_a_suppression_that_postmark_made_of_a_bounce_is_no_news() -> None:
    record = {
        "RecordType": "SubscriptionChange",
        "Recipient": "a@x.test",
        "SuppressSending": True,
        "SuppressionReason": "HardBounce",
    }
    assert feedback_of(postmark(record), "postmark") == []
