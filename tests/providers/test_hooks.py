"""Providers' hooks as their documentation gives them: genuine ones are taken, all others are not, and what they say is understood."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate, SubscriptionToConfirm
from posthouse.providers.mailgun.hooks import MAILGUN
from posthouse.providers.postmark.hooks import POSTMARK
from posthouse.providers.registry import BY_NAME, PROVIDERS
from posthouse.providers.resend.hooks import RESEND
from posthouse.providers.sendgrid.hooks import SENDGRID
from posthouse.providers.ses.hooks import SES

NOW: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WHSEC: Final = "whsec_" + b64encode(b"a secret of thirty-two octets ok").decode()
K = FeedbackKind


def said(hook: Hook, provider: str) -> list[tuple[FeedbackKind, bool, str | None]]:
    found = BY_NAME[provider].parse_hook(hook)
    assert isinstance(found, tuple)
    return [(one.kind, one.suppresses, one.recipient) for one in found]


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


# Resend


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
    assert said(hook, "resend") == [(*expected, "gone@example.com")]


def test_resend_events_carry_ids_for_once_and_for_whom() -> None:
    facts = RESEND.parse_hook(resend(RESEND_BOUNCE))
    assert isinstance(facts, tuple)
    (found,) = facts
    assert isinstance(found, Feedback)
    assert (found.event_id, found.remote_id, found.message) == ("msg_1", "56761188-7520-42d8-8898-ff6fc54ce618", "msg_abc")


# Postmark


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
        ({"RecordType": "Delivery", "Recipient": "a@x.test", "MessageID": "m", "DeliveredAt": "2026-11-24T11:00:00Z"}, (K.DELIVERED, False)),
        ({"RecordType": "Open", "Recipient": "a@x.test", "MessageID": "m"}, (K.OPENED, False)),
        ({"RecordType": "Click", "Recipient": "a@x.test", "MessageID": "m", "OriginalLink": "https://x.test/?a=1"}, (K.CLICKED, False)),
        (
            {"RecordType": "SubscriptionChange", "Recipient": "a@x.test", "SuppressSending": True, "SuppressionReason": "ManualSuppression"},
            (K.UNSUBSCRIBED, False),
        ),
    ],
)  # fmt: skip
def test_postmark_records_are_understood(record: dict[str, Any], expected: tuple[FeedbackKind, bool]) -> None:
    assert said(postmark(record), "postmark") == [(*expected, "a@x.test")]


def test_a_suppression_that_postmark_made_of_a_bounce_is_no_news() -> None:
    record = {
        "RecordType": "SubscriptionChange",
        "Recipient": "a@x.test",
        "SuppressSending": True,
        "SuppressionReason": "HardBounce",
    }
    assert said(postmark(record), "postmark") == []


# SendGrid

EC_KEY: Final = ec.generate_private_key(ec.SECP256R1())
EC_PUBLIC: Final = b64encode(
    EC_KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()


def sendgrid(*events: dict[str, Any]) -> Hook:
    data, at = body(list(events)), "1732449600"
    signature = b64encode(EC_KEY.sign(at.encode() + data, ec.ECDSA(hashes.SHA256()))).decode()
    return Hook(
        {"x-twilio-email-event-webhook-signature": signature, "x-twilio-email-event-webhook-timestamp": at}, data
    )  # fmt: skip


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
    assert said(hook, "sendgrid") == [(*expected, "a@x.test")]


def test_what_sendgrid_dropped_or_processed_is_no_news() -> None:
    assert (
        said(sendgrid({"event": "dropped", "email": "a@x.test"}, {"event": "processed", "email": "a@x.test"}), "sendgrid") == []
    )


# Mailgun


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
        ({"event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": {"code": 550, "enhanced-code": "5.1.1"}}, (K.HARD, True)),
        ({"event": "failed", "severity": "permanent", "reason": "generic", "delivery-status": {"code": 552}}, (K.SOFT, False)),
        ({"event": "failed", "severity": "permanent", "reason": "generic", "delivery-status": {"code": 550, "enhanced-code": "5.7.1"}}, (K.BLOCKED, False)),
        ({"event": "failed", "severity": "permanent", "reason": "suppress-bounce"}, (K.BLOCKED, False)),
        ({"event": "complained"}, (K.COMPLAINT, True)),
        ({"event": "unsubscribed"}, (K.UNSUBSCRIBED, False)),
        ({"event": "opened", "client-info": {"bot": "apple"}}, (K.OPENED, False)),
        ({"event": "clicked", "url": "https://x.test"}, (K.CLICKED, False)),
    ],
)  # fmt: skip
def test_mailgun_events_are_understood(event: dict[str, Any], expected: tuple[FeedbackKind, bool]) -> None:
    found = said(
        mailgun({"recipient": "a@x.test", "id": "e", "timestamp": 1770146431.65, "user-variables": [], **event}), "mailgun"
    )
    assert found == [(*expected, "a@x.test")]


# SES

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
        "Type": "Notification", "MessageId": "n1", "TopicArn": TOPIC, "Message": json.dumps(event), "Timestamp": "2026-11-24T12:00:00.000Z",
        "SignatureVersion": version, "SigningCertURL": CERTIFICATE_URL, **changes,
    }  # fmt: skip
    if envelope["Type"] == "Notification":
        names = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    hashing: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    envelope["Signature"] = b64encode(RSA_KEY.sign(text.encode(), padding.PKCS1v15(), hashing)).decode()
    return Hook({}, body(envelope))


BOUNCE: Final = {
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
        ({**BOUNCE, "bounce": {**BOUNCE["bounce"], "bounceType": "Transient", "bounceSubType": "MailboxFull"}}, [(K.SOFT, False, "a@x.test")]),  # type: ignore[dict-item]
        ({**BOUNCE, "bounce": {**BOUNCE["bounce"], "bounceSubType": "ContentRejected"}}, [(K.BLOCKED, False, "a@x.test")]),  # type: ignore[dict-item]
        ({"eventType": "Complaint", "mail": {}, "complaint": {"complainedRecipients": [{"emailAddress": "a@x.test"}]}}, [(K.COMPLAINT, True, "a@x.test")]),
        ({"eventType": "Delivery", "mail": {}, "delivery": {"recipients": ["a@x.test", "b@x.test"]}}, [(K.DELIVERED, False, "a@x.test"), (K.DELIVERED, False, "b@x.test")]),
        ({"eventType": "DeliveryDelay", "mail": {}, "deliveryDelay": {"delayedRecipients": [{"emailAddress": "a@x.test"}]}}, [(K.DELAYED, False, "a@x.test")]),
        ({"eventType": "Click", "mail": {"destination": ["a@x.test"]}, "click": {"link": "https://x.test"}}, [(K.CLICKED, False, "a@x.test")]),
        ({"eventType": "Send", "mail": {}}, []),
    ],
)  # fmt: skip
def test_ses_events_are_understood(event: Any, expected: list[tuple[FeedbackKind, bool, str]]) -> None:
    assert said(ses(event), "ses") == expected


@pytest.mark.parametrize("codec", PROVIDERS, ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    "junk",
    [b"", b"[]", b"{", b"null", b'{"a":1}', b"\xff\xfe", b"[[[[", b'[1,"x",null]', b'{"event-data":[],"data":1,"Message":5}'],
)
def test_junk_is_no_feedback_and_no_crash(codec: Any, junk: bytes) -> None:
    hook = Hook({}, junk)
    assert codec.parse_hook(hook) == ()
    assert not isinstance(codec.verify(hook, "user:password", NOW), HookVerified)
