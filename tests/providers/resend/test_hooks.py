"""Resend's hooks as its documentation gives them: genuine ones are verified and understood, all others are rejected."""

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from standardwebhooks.webhooks import Webhook

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.resend.hooks import RESEND
from tests.support.provider_hooks import NOW, K, body, feedback_of

WHSEC: Final = "whsec_" + b64encode(b"a secret of thirty-two octets ok").decode()


def resend(event: dict[str, Any], at: datetime = NOW) -> Hook:
    data = body(event)
    signature = Webhook(WHSEC).sign("msg_1", at, data.decode())
    return Hook(
        {"svix-id": "msg_1", "svix-timestamp": str(int(at.timestamp())), "svix-signature": f"v1,bm9wZQ== {signature}"}, data
    )


RESEND_BOUNCE: Final = {
    "type": "email.bounced", "created_at": "2026-11-22T23:41:12.126Z",
    "data": {
        "email_id": "56761188-7520-42d8-8898-ff6fc54ce618", "to": ["gone@example.com"], "subject": "x",
        "bounce": {"message": "The recipient's address does not exist.", "subType": "General", "type": "Permanent"},
        "tags": {"posthouse_message": "msg_abc"},
    },
}  # fmt: skip


def test_resend_is_verified_as_standard_webhooks_sign() -> None:
    hook = resend(RESEND_BOUNCE)
    assert RESEND.verify(hook, WHSEC, NOW) == HookVerified()
    assert isinstance(RESEND.verify(Hook(hook.headers, hook.body + b" "), WHSEC, NOW), HookRejected)
    assert isinstance(RESEND.verify(hook, "whsec_" + b64encode(b"another").decode(), NOW), HookRejected)
    assert isinstance(RESEND.verify(hook, WHSEC, NOW + timedelta(minutes=6)), HookRejected)
    assert isinstance(RESEND.verify(Hook({}, hook.body), WHSEC, NOW), HookRejected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, (K.HARD, True)),
        ({"type": "Transient", "subType": "MailboxFull"}, (K.SOFT, False)),
        ({"type": "Undetermined"}, (K.SOFT, False)),
        ({"subType": "ContentRejected"}, (K.BLOCKED, False)),
    ],
)
def test_resend_says_how_it_bounced(change: dict[str, str], expected: tuple[FeedbackKind, bool]) -> None:
    data = RESEND_BOUNCE["data"]
    assert isinstance(data, dict)
    hook = resend({**RESEND_BOUNCE, "data": {**data, "bounce": {**data["bounce"], **change}}})
    assert feedback_of(hook, "resend") == [(*expected, "gone@example.com")]


def test_resend_events_carry_ids_for_once_and_for_whom() -> None:
    facts = RESEND.parse_hook(resend(RESEND_BOUNCE))
    assert isinstance(facts, tuple)
    (found,) = facts
    assert isinstance(found, Feedback)
    assert (found.event_id, found.remote_id, found.message) == ("msg_1", "56761188-7520-42d8-8898-ff6fc54ce618", "msg_abc")
