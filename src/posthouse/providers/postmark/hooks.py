"""Postmark's hooks: Basic authentication (RFC 7617) instead of a signature, one record a request.

Sources: postmarkapp.com/developer/webhooks/bounce-webhook, …/spam-complaint-webhook, …/delivery-webhook,
…/open-tracking-webhook, …/click-webhook, …/subscription-change-webhook; types in postmarkapp.com/developer/api/bounce-api.

Known sharp edges: only bounces and complaints have an id of their own; of the others the id is made from what they say.
"""

import hmac
from base64 import b64decode
from binascii import Error
from datetime import datetime
from typing import Any, Final

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.shared.codec import MESSAGE_FIELD, HookCheck, ProviderCodec
from posthouse.providers.shared.json_fields import object_at, parse_json, parse_time, text_at

# The bounce API's types, and what each means.
_BOUNCES: Final = {
    "HardBounce": (FeedbackKind.HARD, "unknown_recipient"),
    "BadEmailAddress": (FeedbackKind.HARD, "unknown_recipient"),
    "Transient": (FeedbackKind.DELAYED, "busy"),
    "SoftBounce": (FeedbackKind.SOFT, "unknown"),
    "DnsError": (FeedbackKind.SOFT, "dns_failed"),
    "AddressChange": (FeedbackKind.SOFT, "unknown"),
    "Blocked": (FeedbackKind.BLOCKED, "policy_blocked"),
    "DMARCPolicy": (FeedbackKind.BLOCKED, "policy_blocked"),
    "SpamNotification": (FeedbackKind.BLOCKED, "content_rejected"),
    "VirusNotification": (FeedbackKind.BLOCKED, "content_rejected"),
    "ChallengeVerification": (FeedbackKind.AUTO_REPLY, "unknown"),
    "AutoResponder": (FeedbackKind.AUTO_REPLY, "unknown"),
    "Unsubscribe": (FeedbackKind.UNSUBSCRIBED, "unknown"),
    "SpamComplaint": (FeedbackKind.COMPLAINT, "unknown"),
}


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:  # noqa: ARG001 - as VerifyHook
    """``secret`` is ``user:password``."""
    scheme, _, given = hook.headers.get("authorization", "").partition(" ")
    try:
        login = b64decode(given.strip(), validate=True)
    except (Error, ValueError):
        return HookRejected("the Authorization header is not Basic")
    matches = scheme.lower() == "basic" and hmac.compare_digest(login, secret.encode())
    return HookVerified() if matches else HookRejected("user or password is wrong")


def parse_hook(hook: Hook) -> tuple[Feedback, ...]:
    """The feedback in one record."""
    record = parse_json(hook.body)
    parser = _PARSERS.get(text_at(record, "RecordType"))
    return () if parser is None else parser(record)


def _bounce(record: Any) -> tuple[Feedback, ...]:
    kind, reason = _BOUNCES.get(text_at(record, "Type"), (FeedbackKind.UNKNOWN, "unknown"))
    reply = " ".join(filter(None, (text_at(record, "Description"), text_at(record, "Details"))))
    return (
        _feedback(record, kind, "Email", "BouncedAt", reason=reason, reply=reply, event_id=f"bounce-{text_at(record, 'ID')}"),
    )


def _complaint(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.COMPLAINT, "Email", "BouncedAt", event_id=f"bounce-{text_at(record, 'ID')}"),)


def _delivery(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.DELIVERED, "Recipient", "DeliveredAt", reply=text_at(record, "Details")),)


def _open(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.OPENED, "Recipient", "ReceivedAt"),)


def _click(record: Any) -> tuple[Feedback, ...]:
    return (
        _feedback(record, FeedbackKind.CLICKED, "Recipient", "ReceivedAt", url=text_at(record, "OriginalLink", 4096) or None),
    )


def _subscription(record: Any) -> tuple[Feedback, ...]:
    if record.get("SuppressSending") is not True or text_at(record, "SuppressionReason") != "ManualSuppression":
        return ()  # a bounce or complaint has a record of its own; or a suppression was lifted
    return (_feedback(record, FeedbackKind.UNSUBSCRIBED, "Recipient", "ChangedAt"),)


def _feedback(
    record: Any,
    kind: FeedbackKind,
    who: str,
    when: str,
    *,
    reason: str = "unknown",
    reply: str = "",
    event_id: str = "",
    url: str | None = None,
) -> Feedback:
    at, remote = text_at(record, when), text_at(record, "MessageID")
    return Feedback(
        kind=kind,
        suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT),
        recipient=text_at(record, who) or None,
        reason=reason,
        reply=reply[:1024],
        at=parse_time(at),
        event_id=event_id or f"{text_at(record, 'RecordType')}-{remote}-{text_at(record, who)}-{at}",
        remote_id=remote,
        message=text_at(object_at(record, "Metadata"), MESSAGE_FIELD),
        url=url,
    )


_PARSERS: Final = {
    "Bounce": _bounce,
    "SpamComplaint": _complaint,
    "Delivery": _delivery,
    "Open": _open,
    "Click": _click,
    "SubscriptionChange": _subscription,
}
POSTMARK: Final = ProviderCodec(
    name="postmark",
    verify=verify,
    parse_hook=parse_hook,
    secret_name="user:password of the hook's address",  # noqa: S106 - a label
    challenge='Basic realm="posthouse", charset="UTF-8"',
)
