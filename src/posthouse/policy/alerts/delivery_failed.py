"""A schedule ended and the message was not delivered (T5): once an hour for each type and route."""

from datetime import timedelta
from typing import Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.model.message_type import MessageClass
from posthouse.policy import types
from posthouse.policy.alerts.rule import AlertData, AlertRule, article, plain, text

# By the reason of the last attempt (model.outcome.Reason): whose fault it is, and what helps.
_RECIPIENT: Final = (
    "The recipient's mailbox does not take mail. If it is one person, ask for another address; nothing is wrong here."
)
_ROUTE: Final = "The route does not work: run posthouse doctor, and check POSTHOUSE_ROUTES, name resolution and the firewall."
_REMEDIES: Final = {
    "mailbox_full": _RECIPIENT,
    "mailbox_disabled": _RECIPIENT,
    "unknown_recipient": _RECIPIENT,
    "unknown_domain": _RECIPIENT,
    "no_mail_domain": _RECIPIENT,
    "greylisted": "The receiver asked us to wait for longer than this type may take. It passes; check that the address of this machine has a name (PTR).",
    "rate_limited": "The receiver takes fewer messages than are sent. Send more slowly, or warm the sending address up over days.",
    "policy_blocked": "The receiver does not want mail of this sender: run posthouse doctor, look at block lists for the sending address, and at SPF, DKIM and DMARC.",
    "content_rejected": "The receiver rejected the content. Look at its links and attachments, and run posthouse template lint.",
    "sender_rejected": "The receiver did not take the sender: run posthouse domain check for the sending domain.",
    "tls_failed": "No encrypted connection could be made: check certificates and what tls demands of this message.",
    "auth_failed": "The relay did not take the login: check user name and password in POSTHOUSE_ROUTES.",
    "connect_failed": _ROUTE,
    "dns_failed": _ROUTE,
    "timed_out": _ROUTE,
    "connection_lost": _ROUTE,
    "no_route": _ROUTE,
}  # fmt: skip
_ANY_REASON: Final = "Read the replies on the message's timeline: they say who refused it, and why."


def _words(data: AlertData) -> AlertWords:
    type_name, reason = text(data, "messageType"), text(data, "reason")
    message_type = types.BY_NAME.get(text(data, "parent") or type_name)
    urgent = message_type is not None and message_type.message_class in (MessageClass.AUTHENTICATION, MessageClass.SECURITY)
    noun = plain(type_name) or "message"
    filter = f" --type {type_name}" if message_type else ""
    return AlertWords(
        severity="critical" if urgent else "warning",
        title=f"{article(noun)} {noun} was not delivered",
        summary=_summary(text(data, "route"), reason, text(data, "reply")),
        advice=(
            RemedyStep(_REMEDIES.get(reason, _ANY_REASON)),
            RemedyStep("See what else was affected.", f"posthouse messages list --status failed{filter}"),
            RemedyStep("When the cause is fixed, send again what still matters.", "POST /v1/messages/{id}/resend"),
        ),
    )


def _summary(route: str, reason: str, reply: str) -> str:
    over, why = f" over {route}" if route else "", f": {plain(reason)}" if reason else ""
    last_reply = f" The last reply: “{reply}”." if reply else ""
    return (
        f"Every attempt{over} was used up and the message was not accepted{why}.{last_reply}"
        " This alert is raised once an hour for each type and route; there may be more of them."
    )


RULE: Final = AlertRule(type=EventType.ALERT_DELIVERY_FAILED, words=_words, window=timedelta(hours=1))
