"""Mailgun's hooks: an HMAC over time stamp and token, which does not cover the body; one event a request.

Sources: documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks and …/webhook-payloads. Because the
signature does not cover the body, a token is good for one request: the check returns it, and whoever stores hooks rejects a
second one.

Known sharp edges: an attacker who sees a genuine request before we do could send another body with its token; only TLS prevents
that.
"""

import hmac
from datetime import datetime
from typing import Any, Final

from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.hook import Hook, HookRejected, HookVerified
from posthouse.providers.shared.codec import MESSAGE_FIELD, HookCheck, ProviderCodec
from posthouse.providers.shared.json_fields import object_at, parse_json, parse_time, text_at

OLDEST_SECONDS: Final = 12 * 3600  # they repeat a request for eight hours
_KINDS: Final = {
    "delivered": FeedbackKind.DELIVERED,
    "opened": FeedbackKind.OPENED,
    "clicked": FeedbackKind.CLICKED,
    "complained": FeedbackKind.COMPLAINT,
    "unsubscribed": FeedbackKind.UNSUBSCRIBED,
}
_SUPPRESSED: Final = frozenset({"suppress-bounce", "suppress-complaint", "suppress-unsubscribe"})


def verify(hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:  # noqa: ARG001 - as VerifyHook
    """``secret``: the HTTP webhook signing key."""
    signed = object_at(parse_json(hook.body), "signature")
    at, once, given = text_at(signed, "timestamp", 32), text_at(signed, "token", 128), text_at(signed, "signature", 128)
    expected = hmac.digest(secret.encode(), (at + once).encode(), "sha256").hex()
    if not once or not hmac.compare_digest(given.encode(), expected.encode()):
        return HookRejected("the signature does not fit")
    when = parse_time(at)
    if when is None or abs((now - when).total_seconds()) > OLDEST_SECONDS:
        return HookRejected("the time stamp is more than twelve hours off")
    return HookVerified(once=once)


def parse_hook(hook: Hook) -> tuple[Feedback, ...]:
    """The feedback in one event."""
    event = object_at(parse_json(hook.body), "event-data")
    word = text_at(event, "event")
    status = object_at(event, "delivery-status")
    kind, reason = _KINDS.get(word), "unknown"
    if word == "failed":
        kind, reason = _failure(event, status)
    if kind is None:
        return ()
    bot = text_at(object_at(event, "client-info"), "bot")
    return (
        Feedback(
            kind=kind,
            suppresses=kind in (FeedbackKind.HARD, FeedbackKind.COMPLAINT),
            recipient=text_at(event, "recipient") or None,
            reason=reason,
            enhanced_code=text_at(status, "enhanced-code", 16) or None,
            reply=" ".join(filter(None, (text_at(status, "code"), text_at(status, "message") or text_at(status, "description"))))[
                :1024
            ],
            at=parse_time(text_at(event, "timestamp")),
            event_id=text_at(event, "id", 256),
            remote_id=text_at(object_at(object_at(event, "message"), "headers"), "message-id"),
            message=text_at(object_at(event, "user-variables"), MESSAGE_FIELD),
            url=text_at(event, "url", 4096) or None,
            bot=bool(bot),
        ),
    )


def _failure(event: dict[str, Any], status: dict[str, Any]) -> tuple[FeedbackKind, str]:
    """A *temporary* failure is retried by them; a *permanent* one is a dead mailbox only where its codes say so."""
    if text_at(event, "severity") != "permanent":
        return FeedbackKind.DELAYED, "busy"
    if text_at(event, "reason") in _SUPPRESSED:
        return FeedbackKind.BLOCKED, "policy_blocked"  # by their own list; the event that put the address there was reported then
    detail = text_at(status, "enhanced-code").partition(".")[2]
    if detail.startswith("2.") or text_at(status, "code") in ("552", "452"):
        return FeedbackKind.SOFT, "mailbox_full"
    if detail.startswith("7.") or text_at(event, "reason") in ("espblock", "greylisted"):
        return FeedbackKind.BLOCKED, "policy_blocked"
    if (
        detail.startswith("1.")
        or text_at(status, "bounce-type") == "hard"
        or (not detail and text_at(event, "reason") == "bounce")
    ):
        return FeedbackKind.HARD, "unknown_recipient"
    return FeedbackKind.SOFT, "unknown"


MAILGUN: Final = ProviderCodec(
    name="mailgun",
    verify=verify,
    parse_hook=parse_hook,
    secret_name="HTTP webhook signing key",  # noqa: S106 - a label
)
