"""Amazon SES through SNS: an RSA signature by a certificate of Amazon's, over a canonical form of the envelope.

Sources: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (versions 1, SHA-1, and 2, SHA-256),
docs.aws.amazon.com/ses/latest/dg/notification-contents.html and …/event-publishing-retrieving-sns-contents.html. The certificate's address and the
topic come with the message and are believed only as far as they can be checked: a host of SNS by its exact form, and
the topic that is configured. A subscription is confirmed by an API call made up from the topic, never by the address in the message.

Known sharp edges: version 1 is SHA-1, which is what SNS sends unless a topic is set to 2. Raw message delivery has no
signature and is refused.
"""

import re
from base64 import b64decode
from binascii import Error
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate, SubscriptionToConfirm
from posthouse.providers.codec import Check, ProviderCodec, document, items, moment, part, text

_HOST: Final = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+){1,3}-[0-9]\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_TOPIC: Final = re.compile(r"arn:aws(?:-[a-z]+)*:sns:(?P<region>[a-z]{2}(?:-[a-z]+){1,3}-[0-9]):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Final[dict[str, SHA1 | SHA256]] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - what SNS signs with
_MOST: Final = 1 << 20
_TAG: Final = "posthouse_message"
_SOFT: Final = {"MailboxFull": "mailbox_full", "MessageTooLarge": "too_large"}
_CONTENT: Final = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> Check:  # noqa: ARG001 - one shape for all
    """``secret``: the topic's ARN; ``certificate``: what stands at the address an earlier answer named."""
    envelope = document(hook.body)
    if text(envelope, "TopicArn") != secret or _TOPIC.fullmatch(secret) is None:
        return HookRejected("it is not of the configured topic")
    fields = _SIGNED.get(text(envelope, "Type"))
    hashing = _HASHES.get(text(envelope, "SignatureVersion"))
    if fields is None or hashing is None:
        return HookRejected("type or signature version is not known")
    url = text(envelope, "SigningCertURL")
    if not _is_certificate(url):
        return HookRejected("its certificate is not Amazon's")
    if certificate is None:
        return NeedsCertificate(url)
    return _judged(envelope, fields, hashing, certificate)


def parse_hook(hook: Hook) -> tuple[Feedback, ...] | SubscriptionToConfirm:
    """The feedback for every recipient of the event, or a subscription to confirm."""
    envelope = document(hook.body)
    if text(envelope, "Type") == "SubscriptionConfirmation":
        return _confirm(envelope)
    if text(envelope, "Type") != "Notification":
        return ()
    event = document(text(envelope, "Message", _MOST).encode())
    told = _TOLD.get(text(event, "eventType") or text(event, "notificationType"))
    return () if told is None else told(event, text(envelope, "MessageId"))


def _is_certificate(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None and _CERTIFICATE.fullmatch(parts.path) is not None
        and not parts.query and not parts.fragment
    )  # fmt: skip


def _judged(envelope: Any, fields: tuple[str, ...], hashing: SHA1 | SHA256, certificate: bytes) -> Check:
    signed = "".join(f"{name}\n{text(envelope, name, _MOST)}\n" for name in fields if name in envelope)
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            return HookRejected("the certificate has no RSA key")
        key.verify(b64decode(text(envelope, "Signature", 4096), validate=True), signed.encode(), PKCS1v15(), hashing)
    except (Error, ValueError, InvalidSignature):
        return HookRejected("the signature does not fit")
    return HookVerified()


def _confirm(envelope: Any) -> tuple[Feedback, ...] | SubscriptionToConfirm:
    topic = text(envelope, "TopicArn")
    found = _TOPIC.fullmatch(topic)
    if found is None:
        return ()
    ending = ".cn" if topic.startswith("arn:aws-cn:") else ""
    query = urlencode(
        {"Action": "ConfirmSubscription", "Version": "2010-03-31", "TopicArn": topic, "Token": text(envelope, "Token", 1024)}
    )
    return SubscriptionToConfirm(f"https://sns.{found['region']}.amazonaws.com{ending}/?{query}")


def _bounce(event: Any, event_id: str) -> tuple[Feedback, ...]:
    bounce = part(event, "bounce")
    sub, kind, reason = text(bounce, "bounceSubType"), FeedbackKind.SOFT, "unknown"
    if text(bounce, "bounceType") == "Permanent" and sub not in _CONTENT:
        kind, reason = FeedbackKind.HARD, "unknown_recipient"
    elif sub in _CONTENT:
        kind, reason = FeedbackKind.BLOCKED, "too_large" if sub == "MessageTooLarge" else "content_rejected"
    else:
        reason = _SOFT.get(sub, "unknown")
    return tuple(
        _feedback(
            event, kind, text(to, "emailAddress"), text(bounce, "feedbackId") or event_id, text(bounce, "timestamp"), reason=reason,
            code=text(to, "status", 16), reply=text(to, "diagnosticCode"),
        )
        for to in items(bounce, "bouncedRecipients")
    )  # fmt: skip


def _complaint(event: Any, event_id: str) -> tuple[Feedback, ...]:
    complaint = part(event, "complaint")
    if text(complaint, "complaintFeedbackType") == "not-spam":
        return ()
    name = text(complaint, "feedbackId") or event_id
    return tuple(
        _feedback(event, FeedbackKind.COMPLAINT, text(to, "emailAddress"), name, text(complaint, "timestamp"))
        for to in items(complaint, "complainedRecipients")
    )


def _delivery(event: Any, event_id: str) -> tuple[Feedback, ...]:
    told = part(event, "delivery")
    return tuple(
        _feedback(event, FeedbackKind.DELIVERED, to, event_id, text(told, "timestamp"), reply=text(told, "smtpResponse"))
        for to in items(told, "recipients")
        if isinstance(to, str)
    )


def _delay(event: Any, event_id: str) -> tuple[Feedback, ...]:
    told = part(event, "deliveryDelay")
    return tuple(
        _feedback(event, FeedbackKind.DELAYED, text(to, "emailAddress"), event_id, text(told, "timestamp"), reason="busy",
                  code=text(to, "status", 16), reply=text(to, "diagnosticCode"))
        for to in items(told, "delayedRecipients")
    )  # fmt: skip


def _open(event: Any, event_id: str) -> tuple[Feedback, ...]:
    return _by_everyone(event, FeedbackKind.OPENED, event_id, part(event, "open"))


def _click(event: Any, event_id: str) -> tuple[Feedback, ...]:
    return _by_everyone(event, FeedbackKind.CLICKED, event_id, part(event, "click"))


def _by_everyone(event: Any, kind: FeedbackKind, event_id: str, told: dict[str, Any]) -> tuple[Feedback, ...]:
    return tuple(
        _feedback(event, kind, to, event_id, text(told, "timestamp"), url=text(told, "link", 4096) or None)
        for to in items(part(event, "mail"), "destination")
        if isinstance(to, str)
    )


def _feedback(
    event: Any, kind: FeedbackKind, who: str, event_id: str, at: str, *, reason: str = "unknown", code: str = "", reply: str = "",
    url: str | None = None,
) -> Feedback:  # fmt: skip
    mail = part(event, "mail")
    named = items(part(mail, "tags"), _TAG)
    return Feedback(
        kind=kind, suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT), recipient=who or None, reason=reason,
        enhanced_code=code or None, reply=reply, at=moment(at), event_id=f"{event_id}-{who}", remote_id=text(mail, "messageId"),
        message=named[0] if named and isinstance(named[0], str) else "", url=url,
    )  # fmt: skip


_TOLD: Final = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Open": _open,
    "Click": _click,
}
SES: Final = ProviderCodec(name="ses", verify=verify, parse_hook=parse_hook, secret_name="the topic's ARN")  # noqa: S106 - a label
