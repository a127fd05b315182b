"""Resend's hooks: signatures of Svix (Standard Webhooks), one event a request.

Sources: resend.com/docs/webhooks, docs.svix.com/receiving/verifying-payloads/how-manual. The signed text is
``id.timestamp.body``; a request more than five minutes off our clock is refused; the header has several signatures
while a secret is being changed.

Known sharp edges: a bounce of type *Transient* or *Undetermined* never suppresses. An event has one address in ``to`` as
we send; where there are several, the feedback is for each.
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from datetime import datetime
from typing import Any, Final

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.shared.codec import MESSAGE_FIELD, TOLERANCE_SECONDS, HookCheck, ProviderCodec
from posthouse.providers.shared.json_fields import list_at, object_at, parse_json, parse_time, text_at

_KINDS: Final = {
    "email.delivered": FeedbackKind.DELIVERED,
    "email.delivery_delayed": FeedbackKind.DELAYED,
    "email.bounced": FeedbackKind.SOFT,
    "email.complained": FeedbackKind.COMPLAINT,
    "email.opened": FeedbackKind.OPENED,
    "email.clicked": FeedbackKind.CLICKED,
}
_NOT_THE_MAILBOX: Final = frozenset({"ContentRejected", "MessageTooLarge", "AttachmentRejected", "Suppressed"})


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:  # noqa: ARG001 - as VerifyHook
    """Any of the signatures in ``svix-signature`` must be ours."""
    event, at, given = (hook.headers.get(f"svix-{name}", "") for name in ("id", "timestamp", "signature"))
    if not at.isdigit() or len(at) > 12 or abs(int(at) - now.timestamp()) > TOLERANCE_SECONDS:
        return HookRejected("svix-timestamp is missing or more than five minutes off")
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except Error:
        return HookRejected("the configured secret is not whsec_ and base64")
    expected = b64encode(hmac.digest(key, f"{event}.{at}.".encode() + hook.body, "sha256"))
    signatures = [one.partition(",")[2].encode() for one in given.split(" ") if one.startswith("v1,")]
    matches = any(hmac.compare_digest(one, expected) for one in signatures)
    return HookVerified() if event and matches else HookRejected("no signature fits")


def parse_hook(hook: Hook) -> tuple[Feedback, ...]:
    """The feedback in one event."""
    event = parse_json(hook.body)
    kind = _KINDS.get(text_at(event, "type"))
    if kind is None:
        return ()
    data = object_at(event, "data")
    return tuple(
        _feedback(kind, address, event, data, hook.headers.get("svix-id", ""))
        for address in list_at(data, "to")
        if isinstance(address, str)
    )


def _feedback(kind: FeedbackKind, address: str, event: Any, data: dict[str, Any], event_id: str) -> Feedback:
    bounce = object_at(data, "bounce")
    reason = "unknown"
    if text_at(event, "type") == "email.bounced":
        kind, reason = _bounce(bounce)
    return Feedback(
        kind=kind,
        suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT),
        recipient=address,
        reason=reason,
        reply=text_at(bounce, "message"),
        at=parse_time(text_at(event, "created_at")),
        event_id=event_id,
        remote_id=text_at(data, "email_id"),
        message=_message(data),
        url=text_at(object_at(data, "click"), "link", 4096) or None,
    )


def _bounce(bounce: dict[str, Any]) -> tuple[FeedbackKind, str]:
    if text_at(bounce, "type") != "Permanent":
        return FeedbackKind.SOFT, "mailbox_full" if text_at(bounce, "subType") == "MailboxFull" else "unknown"
    if text_at(bounce, "subType") in _NOT_THE_MAILBOX:
        return FeedbackKind.BLOCKED, "content_rejected"
    return FeedbackKind.HARD, "unknown_recipient"


def _message(data: dict[str, Any]) -> str:
    """Our id comes back among the tags, which are an object or a list of pairs."""
    tags = data.get("tags")
    if isinstance(tags, dict):
        return text_at(tags, MESSAGE_FIELD)
    return next((text_at(tag, "value") for tag in list_at(data, "tags") if text_at(tag, "name") == MESSAGE_FIELD), "")


RESEND: Final = ProviderCodec(
    name="resend",
    verify=verify,
    parse_hook=parse_hook,
    secret_name="Signing Secret (whsec_…)",  # noqa: S106 - a label
)
