"""Mailgun's hooks as its documentation gives them: genuine ones are verified and understood, all others are rejected."""

import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest

from posthouse.model.feedback import FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.mailgun.hooks import MAILGUN
from tests.support.provider_hooks import NOW, K, body, feedback_of


def mailgun(event: dict[str, Any], at: datetime = NOW, key: bytes = b"key") -> Hook:
    stamp, token = str(int(at.timestamp())), "t" * 50
    signature = hmac.digest(key, (stamp + token).encode(), "sha256").hex()
    return Hook({}, body({"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}))


def test_mailgun_is_verified_and_names_its_token_for_once() -> None:
    assert MAILGUN.verify(mailgun({}), "key", NOW) == HookVerified(once="t" * 50)
    assert isinstance(MAILGUN.verify(mailgun({}, key=b"other"), "key", NOW), HookRejected)
    assert isinstance(MAILGUN.verify(mailgun({}, at=NOW - timedelta(hours=13)), "key", NOW), HookRejected)
    assert isinstance(MAILGUN.verify(Hook({}, b"{}"), "key", NOW), HookRejected)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"event": "delivered"}, (K.DELIVERED, False)),
        ({"event": "failed", "severity": "temporary", "reason": "generic"}, (K.DELAYED, False)),
        (
            {
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "delivery-status": {"code": 550, "enhanced-code": "5.1.1"},
            },
            (K.HARD, True),
        ),
        ({"event": "failed", "severity": "permanent", "reason": "generic", "delivery-status": {"code": 552}}, (K.SOFT, False)),
        (
            {
                "event": "failed",
                "severity": "permanent",
                "reason": "generic",
                "delivery-status": {"code": 550, "enhanced-code": "5.7.1"},
            },
            (K.BLOCKED, False),
        ),
        ({"event": "failed", "severity": "permanent", "reason": "suppress-bounce"}, (K.BLOCKED, False)),
        ({"event": "complained"}, (K.COMPLAINT, True)),
        ({"event": "unsubscribed"}, (K.UNSUBSCRIBED, False)),
        ({"event": "opened", "client-info": {"bot": "apple"}}, (K.OPENED, False)),
        ({"event": "clicked", "url": "https://x.test"}, (K.CLICKED, False)),
    ],
)
def test_mailgun_events_are_understood(event: dict[str, Any], expected: tuple[FeedbackKind, bool]) -> None:
    found = feedback_of(
        mailgun({"recipient": "a@x.test", "id": "e", "timestamp": 1770146431.65, "user-variables": [], **event}), "mailgun"
    )
    assert found == [(*expected, "a@x.test")]
