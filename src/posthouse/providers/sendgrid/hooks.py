"""SendGrid's event webhook: an ECDSA signature over time stamp and body, up to a few thousand events a request.

Sources: twilio.com/docs/sendgrid/for-developers/tracking-events/event and …/getting-started-event-webhook-security-features.
The key in the settings is a public one (base64 of its DER form, curve P-256); each event has ``sg_event_id``, which is unique.

Known sharp edges: the time stamp is signed but a repeated request may be old, so it is not compared with our clock: an event
counts once by its id, whenever it arrives. A *dropped* event is SendGrid's own decision and says nothing new about the address.
"""

from base64 import b64decode
from binascii import Error
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.shared.codec import MESSAGE_FIELD, HookCheck, ProviderCodec
from posthouse.providers.shared.json_fields import parse_json, parse_time, text_at

_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"
_MAX_EVENTS: Final = 10_000
_KINDS: Final = {
    "delivered": FeedbackKind.DELIVERED,
    "deferred": FeedbackKind.DELAYED,
    "open": FeedbackKind.OPENED,
    "click": FeedbackKind.CLICKED,
    "spamreport": FeedbackKind.COMPLAINT,
    "unsubscribe": FeedbackKind.UNSUBSCRIBED,
    "group_unsubscribe": FeedbackKind.UNSUBSCRIBED,
}
# ``bounce_classification`` (twilio.com/docs/sendgrid/ui/analytics-and-reporting/bounce-and-block-classifications).
_CLASSES: Final = {
    "Invalid Address": (FeedbackKind.HARD, "unknown_recipient"),
    "Mailbox Unavailable": (FeedbackKind.SOFT, "mailbox_full"),
    "Technical Failure": (FeedbackKind.SOFT, "unknown"),
    "Frequency or Volume Too High": (FeedbackKind.BLOCKED, "rate_limited"),
    "Reputation": (FeedbackKind.BLOCKED, "policy_blocked"),
    "Content": (FeedbackKind.BLOCKED, "content_rejected"),
}


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:  # noqa: ARG001 - as VerifyHook
    """``secret``: the verification key of the webhook's settings."""
    try:
        key = load_der_public_key(b64decode(secret, validate=True))
    except (Error, ValueError, UnsupportedAlgorithm):
        return HookRejected("the configured verification key cannot be read")
    if not isinstance(key, EllipticCurvePublicKey):
        return HookRejected("the configured verification key is not an elliptic curve's")
    try:
        signature = b64decode(hook.headers.get(_SIGNATURE, ""), validate=True)
        key.verify(signature, hook.headers.get(_TIMESTAMP, "").encode("latin-1", "replace") + hook.body, ECDSA(SHA256()))
    except (Error, ValueError, InvalidSignature):
        return HookRejected("the signature does not fit")
    return HookVerified()


def parse_hook(hook: Hook) -> tuple[Feedback, ...]:
    """The feedback in all events of the request."""
    events = parse_json(hook.body)
    if not isinstance(events, list):
        return ()
    return tuple(feedback for event in events[:_MAX_EVENTS] if (feedback := _feedback(event)) is not None)


def _feedback(event: Any) -> Feedback | None:
    word = text_at(event, "event")
    kind, reason = _KINDS.get(word), "unknown"
    if word == "bounce":
        kind, reason = _bounce(event)
    if kind is None:
        return None
    return Feedback(
        kind=kind,
        suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT),
        recipient=text_at(event, "email") or None,
        reason=reason,
        enhanced_code=text_at(event, "status", 16) or None,
        reply=text_at(event, "reason") or text_at(event, "response"),
        at=parse_time(text_at(event, "timestamp")),
        event_id=text_at(event, "sg_event_id", 256),
        remote_id=text_at(event, "sg_message_id").partition(".")[0],
        message=text_at(event, MESSAGE_FIELD),
        url=text_at(event, "url", 4096) or None,
        bot=event.get("sg_machine_open") is True,
    )


def _bounce(event: Any) -> tuple[FeedbackKind, str]:
    """By its class where it has one; else *blocked* is no dead address, and the status code tells a dead one."""
    classified = _CLASSES.get(text_at(event, "bounce_classification"))
    if classified is not None:
        return classified
    if text_at(event, "type") == "blocked":
        return FeedbackKind.BLOCKED, "policy_blocked"
    detail = text_at(event, "status").partition(".")[2]
    if detail.startswith("2."):
        return FeedbackKind.SOFT, "mailbox_full"
    if detail.startswith("7."):
        return FeedbackKind.BLOCKED, "policy_blocked"
    return (
        (FeedbackKind.HARD, "unknown_recipient")
        if detail in ("1.1", "1.2", "1.3", "1.6", "1.10")
        else (FeedbackKind.SOFT, "unknown")
    )


SENDGRID: Final = ProviderCodec(
    name="sendgrid",
    verify=verify,
    parse_hook=parse_hook,
    secret_name="Verification Key",  # noqa: S106 - a label
)
