"""Amazon SES through SNS: an RSA signature by a certificate of Amazon's, over a canonical form of the envelope.

Sources: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (versions 1, SHA-1, and 2, SHA-256),
docs.aws.amazon.com/ses/latest/dg/notification-contents.html and …/event-publishing-retrieving-sns-contents.html. The
certificate's address and the topic come with the message and are believed only as far as they can be checked: a host of SNS by
its exact form, and the topic that is configured. A subscription is confirmed by an API call made up from the topic, never by
the address in the message.

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
from posthouse.providers.shared.codec import MESSAGE_FIELD, HookCheck, ProviderCodec
from posthouse.providers.shared.json_fields import list_at, object_at, parse_json, parse_time, text_at

_HOST: Final = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+){1,3}-[0-9]\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,64}\.pem")
_TOPIC: Final = re.compile(r"arn:aws(?:-[a-z]+)*:sns:(?P<region>[a-z]{2}(?:-[a-z]+){1,3}-[0-9]):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Final[dict[str, SHA1 | SHA256]] = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - what SNS signs with
_MAX_TEXT: Final = 1 << 20
_SOFT: Final = {"MailboxFull": "mailbox_full", "MessageTooLarge": "too_large"}
_CONTENT: Final = frozenset({"ContentRejected", "AttachmentRejected", "MessageTooLarge"})


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:  # noqa: ARG001 - as VerifyHook
    """``secret``: the topic's ARN; ``certificate``: what stands at the address an earlier answer named."""
    envelope = parse_json(hook.body)
    if text_at(envelope, "TopicArn") != secret or _TOPIC.fullmatch(secret) is None:
        return HookRejected("it is not of the configured topic")
    fields = _SIGNED.get(text_at(envelope, "Type"))
    hashing = _HASHES.get(text_at(envelope, "SignatureVersion"))
    if fields is None or hashing is None:
        return HookRejected("type or signature version is not known")
    url = text_at(envelope, "SigningCertURL")
    if not _is_certificate(url):
        return HookRejected("its certificate is not Amazon's")
    if certificate is None:
        return NeedsCertificate(url)
    return _verify_signature(envelope, fields, hashing, certificate)


def parse_hook(hook: Hook) -> tuple[Feedback, ...] | SubscriptionToConfirm:
    """The feedback for every recipient of the event, or a subscription to confirm."""
    envelope = parse_json(hook.body)
    if text_at(envelope, "Type") == "SubscriptionConfirmation":
        return _confirm(envelope)
    if text_at(envelope, "Type") != "Notification":
        return ()
    event = parse_json(text_at(envelope, "Message", _MAX_TEXT).encode())
    parser = _PARSERS.get(text_at(event, "eventType") or text_at(event, "notificationType"))
    return () if parser is None else parser(event, text_at(envelope, "MessageId"))


def _is_certificate(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and _HOST.fullmatch(parts.netloc) is not None
        and _CERTIFICATE.fullmatch(parts.path) is not None
        and not parts.query
        and not parts.fragment
    )


def _verify_signature(envelope: Any, fields: tuple[str, ...], hashing: SHA1 | SHA256, certificate: bytes) -> HookCheck:
    signed = "".join(f"{name}\n{text_at(envelope, name, _MAX_TEXT)}\n" for name in fields if name in envelope)
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            return HookRejected("the certificate has no RSA key")
        key.verify(b64decode(text_at(envelope, "Signature", 4096), validate=True), signed.encode(), PKCS1v15(), hashing)
    except (Error, ValueError, InvalidSignature):
        return HookRejected("the signature does not fit")
    return HookVerified()


def _confirm(envelope: Any) -> tuple[Feedback, ...] | SubscriptionToConfirm:
    topic = text_at(envelope, "TopicArn")
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return ()
    ending = ".cn" if topic.startswith("arn:aws-cn:") else ""
    query = urlencode(
        {"Action": "ConfirmSubscription", "Version": "2010-03-31", "TopicArn": topic, "Token": text_at(envelope, "Token", 1024)}
    )
    return SubscriptionToConfirm(f"https://sns.{match['region']}.amazonaws.com{ending}/?{query}")


def _bounce(event: Any, event_id: str) -> tuple[Feedback, ...]:
    bounce = object_at(event, "bounce")
    sub, kind, reason = text_at(bounce, "bounceSubType"), FeedbackKind.SOFT, "unknown"
    if text_at(bounce, "bounceType") == "Permanent" and sub not in _CONTENT:
        kind, reason = FeedbackKind.HARD, "unknown_recipient"
    elif sub in _CONTENT:
        kind, reason = FeedbackKind.BLOCKED, "too_large" if sub == "MessageTooLarge" else "content_rejected"
    else:
        reason = _SOFT.get(sub, "unknown")
    return tuple(
        _feedback(
            event,
            kind,
            text_at(to, "emailAddress"),
            text_at(bounce, "feedbackId") or event_id,
            text_at(bounce, "timestamp"),
            reason=reason,
            code=text_at(to, "status", 16),
            reply=text_at(to, "diagnosticCode"),
        )
        for to in list_at(bounce, "bouncedRecipients")
    )


def _complaint(event: Any, event_id: str) -> tuple[Feedback, ...]:
    complaint = object_at(event, "complaint")
    if text_at(complaint, "complaintFeedbackType") == "not-spam":
        return ()
    name = text_at(complaint, "feedbackId") or event_id
    return tuple(
        _feedback(event, FeedbackKind.COMPLAINT, text_at(to, "emailAddress"), name, text_at(complaint, "timestamp"))
        for to in list_at(complaint, "complainedRecipients")
    )


def _delivery(event: Any, event_id: str) -> tuple[Feedback, ...]:
    delivery = object_at(event, "delivery")
    return tuple(
        _feedback(
            event, FeedbackKind.DELIVERED, to, event_id, text_at(delivery, "timestamp"), reply=text_at(delivery, "smtpResponse")
        )
        for to in list_at(delivery, "recipients")
        if isinstance(to, str)
    )


def _delay(event: Any, event_id: str) -> tuple[Feedback, ...]:
    details = object_at(event, "deliveryDelay")
    return tuple(
        _feedback(
            event,
            FeedbackKind.DELAYED,
            text_at(to, "emailAddress"),
            event_id,
            text_at(details, "timestamp"),
            reason="busy",
            code=text_at(to, "status", 16),
            reply=text_at(to, "diagnosticCode"),
        )
        for to in list_at(details, "delayedRecipients")
    )


def _open(event: Any, event_id: str) -> tuple[Feedback, ...]:
    return _by_everyone(event, FeedbackKind.OPENED, event_id, object_at(event, "open"))


def _click(event: Any, event_id: str) -> tuple[Feedback, ...]:
    return _by_everyone(event, FeedbackKind.CLICKED, event_id, object_at(event, "click"))


def _by_everyone(event: Any, kind: FeedbackKind, event_id: str, details: dict[str, Any]) -> tuple[Feedback, ...]:
    return tuple(
        _feedback(event, kind, to, event_id, text_at(details, "timestamp"), url=text_at(details, "link", 4096) or None)
        for to in list_at(object_at(event, "mail"), "destination")
        if isinstance(to, str)
    )


def _feedback(
    event: Any,
    kind: FeedbackKind,
    who: str,
    event_id: str,
    at: str,
    *,
    reason: str = "unknown",
    code: str = "",
    reply: str = "",
    url: str | None = None,
) -> Feedback:
    mail = object_at(event, "mail")
    named = list_at(object_at(mail, "tags"), MESSAGE_FIELD)
    return Feedback(
        kind=kind,
        suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT),
        recipient=who or None,
        reason=reason,
        enhanced_code=code or None,
        reply=reply,
        at=parse_time(at),
        event_id=f"{event_id}-{who}",
        remote_id=text_at(mail, "messageId"),
        message=named[0] if named and isinstance(named[0], str) else "",
        url=url,
    )


_PARSERS: Final = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Open": _open,
    "Click": _click,
}
SES: Final = ProviderCodec(
    name="ses",
    verify=verify,
    parse_hook=parse_hook,
    secret_name="the topic's ARN",  # noqa: S106 - a label
)
