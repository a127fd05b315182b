"""Mailgun's hooks: an HMAC over time stamp and token, which does not cover the body; one event a request.

Sources: documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks and …/webhook-payloads. Because the signature says
nothing of the body, a token is good for one request: the check names it, and who keeps hooks refuses the second.

Known sharp edges: whoever sees one genuine request before we do could send another body with its token; only TLS prevents that.
"""

import hmac
from datetime import datetime
from typing import Any, Final

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.codec import Check, ProviderCodec, document, moment, part, text

OLDEST_SECONDS: Final = 12 * 3600  # they repeat a request for eight hours
_KINDS: Final = {
    "delivered": FeedbackKind.DELIVERED,
    "opened": FeedbackKind.OPENED,
    "clicked": FeedbackKind.CLICKED,
    "complained": FeedbackKind.COMPLAINT,
    "unsubscribed": FeedbackKind.UNSUBSCRIBED,
}
_VARIABLE: Final = "posthouse_message"
_SUPPRESSED: Final = frozenset({"suppress-bounce", "suppress-complaint", "suppress-unsubscribe"})


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> Check:  # noqa: ARG001 - one shape for all
    """``secret``: the HTTP webhook signing key."""
    signed = part(document(hook.body), "signature")
    at, once, given = text(signed, "timestamp", 32), text(signed, "token", 128), text(signed, "signature", 128)
    wanted = hmac.digest(secret.encode(), (at + once).encode(), "sha256").hex()
    if not once or not hmac.compare_digest(given.encode(), wanted.encode()):
        return HookRejected("the signature does not fit")
    when = moment(at)
    if when is None or abs((now - when).total_seconds()) > OLDEST_SECONDS:
        return HookRejected("the time stamp is more than twelve hours off")
    return HookVerified(once=once)


def parse_hook(hook: Hook) -> tuple[Feedback, ...]:
    """The feedback in one event."""
    event = part(document(hook.body), "event-data")
    word = text(event, "event")
    status = part(event, "delivery-status")
    kind, reason = _KINDS.get(word), "unknown"
    if word == "failed":
        kind, reason = _failure(event, status)
    if kind is None:
        return ()
    bot = text(part(event, "client-info"), "bot")
    return (
        Feedback(
            kind=kind, suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT), recipient=text(event, "recipient") or None,
            reason=reason, enhanced_code=text(status, "enhanced-code", 16) or None,
            reply=" ".join(filter(None, (text(status, "code"), text(status, "message") or text(status, "description"))))[:1024],
            at=moment(text(event, "timestamp")), event_id=text(event, "id", 256),
            remote_id=text(part(part(event, "message"), "headers"), "message-id"), message=text(part(event, "user-variables"), _VARIABLE),
            url=text(event, "url", 4096) or None, bot=bool(bot),
        ),
    )  # fmt: skip


def _failure(event: dict[str, Any], status: dict[str, Any]) -> tuple[FeedbackKind, str]:
    """*temporary* goes on being tried; *permanent* is a dead mailbox only where codes say so."""
    if text(event, "severity") != "permanent":
        return FeedbackKind.DELAYED, "busy"
    if text(event, "reason") in _SUPPRESSED:
        return FeedbackKind.BLOCKED, "policy_blocked"  # their own list; the news came when it was entered there
    detail = text(status, "enhanced-code").partition(".")[2]
    if detail.startswith("2.") or text(status, "code") in ("552", "452"):
        return FeedbackKind.SOFT, "mailbox_full"
    if detail.startswith("7.") or text(event, "reason") in ("espblock", "greylisted"):
        return FeedbackKind.BLOCKED, "policy_blocked"
    if detail.startswith("1.") or text(status, "bounce-type") == "hard" or (not detail and text(event, "reason") == "bounce"):
        return FeedbackKind.HARD, "unknown_recipient"
    return FeedbackKind.SOFT, "unknown"


MAILGUN: Final = ProviderCodec(name="mailgun", verify=verify, parse_hook=parse_hook, secret_name="HTTP webhook signing key")  # noqa: S106 - a label
