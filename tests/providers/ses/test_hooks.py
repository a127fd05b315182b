"""Amazon SES's hooks as its documentation gives them: genuine ones are verified and understood, all others are rejected."""

import json
from base64 import b64encode
from datetime import timedelta
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from posthouse.model.feedback import FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate, SubscriptionToConfirm
from posthouse.providers.ses.hooks import SES
from tests.support.provider_hooks import NOW, K, body, feedback_of

TOPIC: Final = "arn:aws:sns:us-west-2:123456789012:mail"
RSA_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CERTIFICATE_URL: Final = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-01d088a6f77103d0fe307c0069e40ed6.pem"


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(RSA_KEY.public_key()).serial_number(1)
    signed = made.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1)).sign(RSA_KEY, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


CERTIFICATE: Final = certificate()


def ses(event: Any, *, version: str = "2", **changes: str) -> Hook:
    envelope = {
        "Type": "Notification",
        "MessageId": "n1",
        "TopicArn": TOPIC,
        "Message": json.dumps(event),
        "Timestamp": "2026-11-24T12:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        **changes,
    }
    if envelope["Type"] == "Notification":
        names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    hashing: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    envelope["Signature"] = b64encode(RSA_KEY.sign(text.encode(), padding.PKCS1v15(), hashing)).decode()
    return Hook({}, body(envelope))


BOUNCE: Final[dict[str, Any]] = {
    "notificationType": "Bounce", "mail": {"messageId": "0101", "tags": {"posthouse_message": ["msg_abc"]}},
    "bounce": {
        "bounceType": "Permanent", "bounceSubType": "General", "feedbackId": "f1", "timestamp": "2026-11-24T12:00:00.000Z",
        "bouncedRecipients": [{"emailAddress": "a@x.test", "action": "failed", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 no"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("version", ["1", "2"])
def test_ses_is_verified_by_the_certificate_it_names_at_amazon(version: str) -> None:
    hook = ses(BOUNCE, version=version)
    assert SES.verify(hook, TOPIC, NOW) == NeedsCertificate(CERTIFICATE_URL)
    assert SES.verify(hook, TOPIC, NOW, certificate=CERTIFICATE) == HookVerified()
    tampered = Hook({}, hook.body.replace(b"a@x.test", b"b@x.test"))
    assert isinstance(SES.verify(tampered, TOPIC, NOW, certificate=CERTIFICATE), HookRejected)
    assert isinstance(SES.verify(hook, TOPIC.replace("mail", "other"), NOW, certificate=CERTIFICATE), HookRejected)
    assert isinstance(SES.verify(hook, TOPIC, NOW, certificate=b"no certificate"), HookRejected)


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-west-2.amazonaws.com.evil.test/SimpleNotificationService-1.pem",
        "http://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem",
        "https://evil.test/sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-west-2.amazonaws.com@evil.test/SimpleNotificationService-1.pem",
        "https://sns.us-west-2.amazonaws.com:8443/SimpleNotificationService-1.pem",
        "https://s3.us-west-2.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-west-2.amazonaws.com/other.pem",
        "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem?x=1",
        "https://[::1",
    ],
)
def test_a_certificate_from_anywhere_else_is_never_asked_for(url: str) -> None:
    assert isinstance(SES.verify(ses(BOUNCE, SigningCertURL=url), TOPIC, NOW), HookRejected)


def test_a_subscription_is_confirmed_by_a_call_of_our_own_making() -> None:
    hook = ses({}, Type="SubscriptionConfirmation", Token="tok", SubscribeURL="https://evil.test/confirm")
    assert SES.verify(hook, TOPIC, NOW, certificate=CERTIFICATE) == HookVerified()
    found = SES.parse_hook(hook)
    assert isinstance(found, SubscriptionToConfirm)
    assert found.url.startswith("https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (BOUNCE, [(K.HARD, True, "a@x.test")]),
        (
            {**BOUNCE, "bounce": {**BOUNCE["bounce"], "bounceType": "Transient", "bounceSubType": "MailboxFull"}},
            [(K.SOFT, False, "a@x.test")],
        ),
        ({**BOUNCE, "bounce": {**BOUNCE["bounce"], "bounceSubType": "ContentRejected"}}, [(K.BLOCKED, False, "a@x.test")]),
        (
            {"eventType": "Complaint", "mail": {}, "complaint": {"complainedRecipients": [{"emailAddress": "a@x.test"}]}},
            [(K.COMPLAINT, True, "a@x.test")],
        ),
        (
            {"eventType": "Delivery", "mail": {}, "delivery": {"recipients": ["a@x.test", "b@x.test"]}},
            [(K.DELIVERED, False, "a@x.test"), (K.DELIVERED, False, "b@x.test")],
        ),
        (
            {"eventType": "DeliveryDelay", "mail": {}, "deliveryDelay": {"delayedRecipients": [{"emailAddress": "a@x.test"}]}},
            [(K.DELAYED, False, "a@x.test")],
        ),
        (
            {"eventType": "Click", "mail": {"destination": ["a@x.test"]}, "click": {"link": "https://x.test"}},
            [(K.CLICKED, False, "a@x.test")],
        ),
        ({"eventType": "Send", "mail": {}}, []),
    ],
)
def test_ses_events_are_understood(event: Any, expected: list[tuple[FeedbackKind, bool, str]]) -> None:
    assert feedback_of(ses(event), "ses") == expected
