"""Postmark's hooks: no signature, but a user and password in the address, sent as Basic authentication (RFC 7617); one record a request.

Sources: postmarkapp.com/developer/webhooks/bounce-webhook, …/spam-complaint-webhook, …/delivery-webhook, …/open-tracking-webhook,
…/click-webhook, …/subscription-change-webhook; types in postmarkapp.com/developer/api/bounce-api.

Known sharp edges: only bounces and complaints have an id of their own; of the others the id is made from what they say.
"""

import hmac
from base64 import b64decode
from binascii import Error
from datetime import datetime
from typing import Any, Final

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.codec import Check, ProviderCodec, document, moment, part, text

# The bounce API's types; what stands here suppresses nobody but the two of ``_DEAD``.
_DEAD: Final = frozenset({"HardBounce", "BadEmailAddress"})
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
_METADATA: Final = "posthouse_message"


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> Check:  # noqa: ARG001 - one shape for all
    """``secret`` is ``user:password``."""
    scheme, _, given = hook.headers.get("authorization", "").partition(" ")
    try:
        found = b64decode(given.strip(), validate=True)
    except (Error, ValueError):
        return HookRejected("the Authorization header is not Basic")
    right = scheme.lower() == "basic" and hmac.compare_digest(found, secret.encode())
    return HookVerified() if right else HookRejected("user or password is wrong")


def parse_hook(hook: Hook) -> tuple[Feedback, ...]:
    """The feedback in one record."""
    record = document(hook.body)
    told = _TOLD.get(text(record, "RecordType"))
    return () if told is None else told(record)


def _bounce(record: Any) -> tuple[Feedback, ...]:
    kind, reason = _BOUNCES.get(text(record, "Type"), (FeedbackKind.UNKNOWN, "unknown"))
    said = " ".join(filter(None, (text(record, "Description"), text(record, "Details"))))
    return (_feedback(record, kind, "Email", "BouncedAt", reason=reason, reply=said, event_id=f"bounce-{text(record, 'ID')}"),)


def _complaint(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.COMPLAINT, "Email", "BouncedAt", event_id=f"bounce-{text(record, 'ID')}"),)


def _delivery(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.DELIVERED, "Recipient", "DeliveredAt", reply=text(record, "Details")),)


def _open(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.OPENED, "Recipient", "ReceivedAt"),)


def _click(record: Any) -> tuple[Feedback, ...]:
    return (_feedback(record, FeedbackKind.CLICKED, "Recipient", "ReceivedAt", url=text(record, "OriginalLink", 4096) or None),)


def _subscription(record: Any) -> tuple[Feedback, ...]:
    if record.get("SuppressSending") is not True or text(record, "SuppressionReason") != "ManualSuppression":
        return ()  # a bounce or complaint that is told on its own, or somebody who is back
    return (_feedback(record, FeedbackKind.UNSUBSCRIBED, "Recipient", "ChangedAt"),)


def _feedback(
    record: Any, kind: FeedbackKind, who: str, when: str, *, reason: str = "unknown", reply: str = "", event_id: str = "",
    url: str | None = None,
) -> Feedback:  # fmt: skip
    at, remote = text(record, when), text(record, "MessageID")
    return Feedback(
        kind=kind, suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT), recipient=text(record, who) or None, reason=reason,
        reply=reply[:1024], at=moment(at), event_id=event_id or f"{text(record, 'RecordType')}-{remote}-{text(record, who)}-{at}",
        remote_id=remote, message=text(part(record, "Metadata"), _METADATA), url=url,
    )  # fmt: skip


_TOLD: Final = {
    "Bounce": _bounce,
    "SpamComplaint": _complaint,
    "Delivery": _delivery,
    "Open": _open,
    "Click": _click,
    "SubscriptionChange": _subscription,
}
POSTMARK: Final = ProviderCodec(
    name="postmark", verify=verify, parse_hook=parse_hook, secret_name="user:password of the hook's address",  # noqa: S106 - a label
    challenge='Basic realm="posthouse", charset="UTF-8"',
)  # fmt: skip
