"""SendGrid's hooks as its documentation gives them: genuine ones are verified and understood, all others are rejected."""

from base64 import b64encode
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from posthouse.model.feedback import FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.sendgrid.hooks import SENDGRID
from tests.support.provider_hooks import NOW, K, body, feedback_of

EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())
EC_PUBLIC: Final = b64encode(
    EC_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()


def sendgrid(*events: dict[str, Any]) -> Hook:
    data, at = body(list(events)), "1732449600"
    signature = b64encode(EC_KEY.sign(at.encode() + data, ec.ECDSA(hashes.SHA256()))).decode()
    return Hook({"x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": at}, data)


def test_sendgrid_is_verified_by_its_public_key() -> None:
    hook = sendgrid({"event": "delivered", "email": "a@x.test"})
    assert SENDGRID.verify(hook, EC_PUBLIC, NOW) == HookVerified()
    assert isinstance(SENDGRID.verify(Hook(hook.headers, hook.body.replace(b"a@x", b"b@x")), EC_PUBLIC, NOW), HookRejected)
    later = {**hook.headers, "x-twilio-email-event-webhook-timestamp": "1732449601"}
    assert isinstance(SENDGRID.verify(Hook(later, hook.body), EC_PUBLIC, NOW), HookRejected)
    assert isinstance(SENDGRID.verify(hook, "not a key", NOW), HookRejected)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"event": "delivered"}, (K.DELIVERED, False)),
        ({"event": "deferred"}, (K.DELAYED, False)),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1", "bounce_classification": "Invalid Address"}, (K.HARD, True)),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, (K.HARD, True)),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, (K.SOFT, False)),
        ({"event": "bounce", "type": "blocked", "status": "5.7.1", "bounce_classification": "Reputation"}, (K.BLOCKED, False)),
        ({"event": "bounce", "type": "bounce", "status": "5.0.0"}, (K.SOFT, False)),
        ({"event": "spamreport"}, (K.COMPLAINT, True)),
        ({"event": "open", "sg_machine_open": True}, (K.OPENED, False)),
        ({"event": "click", "url": "https://x.test"}, (K.CLICKED, False)),
        ({"event": "group_unsubscribe"}, (K.UNSUBSCRIBED, False)),
    ],
)
def test_sendgrid_events_are_understood(event: dict[str, Any], expected: tuple[FeedbackKind, bool]) -> None:
    hook = sendgrid({"email": "a@x.test", "timestamp": 1732449600, "sg_event_id": "e", "sg_message_id": "m.f-1", **event})
    assert feedback_of(hook, "sendgrid") == [(*expected, "a@x.test")]


def test_what_sendgrid_dropped_or_processed_is_no_news() -> None:
    assert (
        feedback_of(sendgrid({"event": "dropped", "email": "a@x.test"}, {"event": "processed", "email": "a@x.test"}), "sendgrid")
        == []
    )
