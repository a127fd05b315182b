"""What does an alert say to a person: how grave it is, what happened, and what to do? (mission O3)

Alerts are events (``alert.*``) whose data is for programs. Here they become a line, a paragraph and steps, the same over HTTP,
on the command line and on the dashboard. One function a type, in a literal table; a type that is not in it is still told.

Must never know: where alerts are kept, or who reads them. What stands in the data may come from a remote server: it is
text, and whoever shows it escapes it.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from posthouse.model.alert import AlertWords, RemedyStep
from posthouse.model.event import EventType
from posthouse.model.message_type import MessageClass
from posthouse.policy import types

Data = dict[str, Any]
_LONGEST: Final = 300
_WHEN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)


def words(type: str, data: Data | None) -> AlertWords:
    """An alert in words. What its data lacks is left out of the sentence."""
    made = _WORDS.get(type)
    return _unknown(type) if made is None else made(data or {})


def _delivery_failed(data: Data) -> AlertWords:
    name, route, reason = _text(data, "messageType"), _text(data, "route"), _text(data, "reason")
    kind = types.BY_NAME.get(_text(data, "parent") or name)
    urgent = kind is not None and kind.message_class in (MessageClass.AUTHENTICATION, MessageClass.SECURITY)
    what, heard = _plain(name) or "message", _text(data, "reply")
    summary = f"Every try{f' over {route}' if route else ''} was used up and nobody took the message{f': {_plain(reason)}' if reason else ''}."
    summary += f" The last thing heard: “{heard}”." if heard else ""
    return AlertWords(
        severity="critical" if urgent else "warning",
        title=f"{_article(what)} {what} was not delivered",
        summary=f"{summary} This is told once an hour for each type and route; there may be more of them.",
        advice=(
            RemedyStep(_REMEDIES.get(reason, "Read the answers on the message's timeline: they say who refused it, and why.")),
            RemedyStep("See what else it hit.", f"posthouse messages list --status failed{f' --type {name}' if kind else ''}"),
            RemedyStep("When the cause is mended, send again what still matters.", "POST /v1/messages/{id}/resend"),
        ),
    )


def _webhook_disabled(data: Data) -> AlertWords:
    host, endpoint, why = _text(data, "host"), _text(data, "endpointId"), _text(data, "reason")
    name = endpoint or "ID"
    return AlertWords(
        severity="critical",
        title=f"Events are no longer posted{f' to {host}' if host else ''}",
        summary=f"The webhook endpoint {endpoint or 'of this tenant'} was switched off{f': {why}' if why else ''}."
        " What happens from now on is not told there.",
        advice=(
            RemedyStep("See what it answered.", f"posthouse webhook log {name}"),
            RemedyStep("When it is mended, switch it on again; what waited goes on.", f"posthouse webhook enable {name}"),
            RemedyStep("Have it told what it missed meanwhile.", f"posthouse webhook replay {name} --since TIME"),
        ),
    )


def _suppression_brake(data: Data) -> AlertWords:
    provider = _text(data, "provider") or "a mailbox provider"
    hard, attempts, held = (_text(data, name) for name in ("hard", "attempts", "provisional"))
    until, base = _moment(_text(data, "until")), _percent(data.get("base"))
    summary = "It may be wrong about everybody."
    if hard and attempts:
        summary += f" {hard} of the last {attempts} answers were hard bounces{f'; usually {base} are' if base else ''}."
    summary += f" {f'{held} entries of the last half hour are' if held else 'What is entered now is'} provisional{f' until {until}' if until else ''}:"
    return AlertWords(
        severity="critical",
        title=f"{provider[:1].upper() + provider[1:] if ' ' in provider else provider} says of too many addresses that they do not exist",
        summary=f"{summary} mail to these addresses waits, and nobody is locked out for good.",
        advice=(
            RemedyStep("Are the addresses real? If you have just written to an old or bought list, stop: then the provider is right."),
            RemedyStep("If the provider was wrong, take the window back.", f"posthouse suppression undo --provider {_named(data)} --from TIME --to TIME"),
            RemedyStep("If you do nothing, the brake goes off half an hour after the share was last too high; a second try then decides each entry."),
        ),
    )  # fmt: skip


def _suppression_growth(data: Data) -> AlertWords:
    added, usual = _text(data, "added"), _text(data, "usual")
    return AlertWords(
        severity="warning",
        title="The suppression list grows much faster than usual",
        summary=f"Within a day {added or 'very many'} addresses were entered"
        + (f"; in the week before it were {usual} a day." if usual else "."),
        advice=(
            RemedyStep("See where they come from.", "posthouse suppression list --limit 200"),
            RemedyStep("Hard bounces of one provider: it may be wrong. Look at its entries, and take a wrong window back.",
                 "posthouse suppression list --provider NAME"),
            RemedyStep("Hard bounces of many: an old list was written to. Complaints: people did not ask for this mail. Stop that mail first."),
        ),
    )  # fmt: skip


def _suppression_lockout(data: Data) -> AlertWords:
    name, cause, entry, why = (_text(data, each) for each in ("messageType", "reason", "suppression", "why"))
    what, blocked = _plain(name) or "message", data.get("blocked") is not False
    one = f"{_article(what)} {what}"
    summary = f"{one} {'was not sent, because' if blocked else 'was sent although'} its recipient is on the suppression list"
    summary += f" ({_plain(cause)})" if cause else ""
    summary += f": {why}." if why else "."
    lift = RemedyStep(
        "If the address is theirs and they want mail, lift the entry.",
        f"posthouse suppression remove {entry or 'ID'} --reason REASON",
    )
    return AlertWords(
        severity="critical" if blocked else "warning",
        title=f"Somebody may be locked out: {one[:1].lower() + one[1:]} was suppressed" if blocked else f"{one} passed the suppression list",
        summary=f"{summary} This is told once an hour for each type and cause; there may be more of them.",
        advice=(
            RemedyStep("Look at the entry and what it rests on.", f"GET /v1/suppressions/{entry or '{id}'}"),
            lift if blocked else RemedyStep("Nothing must be done: this type may pass. Whoever answers for the list of wishes may want to know."),
        ),
    )  # fmt: skip


def _unknown(type: str) -> AlertWords:
    what = _text({"type": _plain(type.partition(".")[2] or type)}, "type") or "something"
    return AlertWords(
        severity="warning",
        title=what[:1].upper() + what[1:],
        summary=f"Posthouse tells of {what}.",
        advice=(RemedyStep("Read its data."),),
    )


_WORDS: Final[dict[str, Callable[[Data], AlertWords]]] = {
    EventType.ALERT_DELIVERY_FAILED: _delivery_failed,
    EventType.ALERT_WEBHOOK_DISABLED: _webhook_disabled,
    EventType.ALERT_SUPPRESSION_BRAKE: _suppression_brake,
    EventType.ALERT_SUPPRESSION_GROWTH: _suppression_growth,
    EventType.ALERT_SUPPRESSION_LOCKOUT: _suppression_lockout,
}
TYPES: Final = tuple(EventType(type).value for type in _WORDS)
# By the reason of the last attempt (model.outcome.Reason): whose fault it is, and what helps.
_RECIPIENTS: Final = (
    "The recipient's mailbox does not take mail. If it is one person, ask for another address; nothing is wrong here."
)
_OURS: Final = "The way out does not work: run posthouse doctor, and check POSTHOUSE_ROUTES, name resolution and the firewall."
_REMEDIES: Final = {
    "mailbox_full": _RECIPIENTS, "mailbox_disabled": _RECIPIENTS, "unknown_recipient": _RECIPIENTS, "unknown_domain": _RECIPIENTS,
    "no_mail_domain": _RECIPIENTS,
    "greylisted": "The receiver asked for patience for longer than this type may take. It passes; check that the address of this machine has a name (PTR).",
    "rate_limited": "The receiver takes fewer messages than are sent. Send more slowly, or warm the sending address up over days.",
    "policy_blocked": "The receiver does not want mail of this sender: run posthouse doctor, look at block lists for the sending address, and at SPF, DKIM and DMARC.",
    "content_rejected": "The receiver did not like what the message says. Look at its links and attachments, and run posthouse template lint.",
    "sender_rejected": "The receiver did not take the sender: run posthouse domain check for the sending domain.",
    "tls_failed": "No encrypted connection could be made: check certificates and what tls asks of this message.",
    "auth_failed": "The relay did not take the login: check user name and password in POSTHOUSE_ROUTES.",
    "connect_failed": _OURS, "dns_failed": _OURS, "timed_out": _OURS, "connection_lost": _OURS, "no_route": _OURS,
}  # fmt: skip


def _text(data: Data, name: str) -> str:
    """A value as text of one line, without what steers a terminal or turns the writing direction; '' where there is none."""
    value = data.get(name)
    found = " ".join(str(value).split()) if value is not None else ""
    found = "".join(letter if letter.isprintable() else "·" for letter in found)
    return found if len(found) <= _LONGEST else f"{found[: _LONGEST - 1]}…"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _article(what: str) -> str:
    return "An" if what[:1] in "aeiou" else "A"


def _named(data: Data) -> str:
    """The provider as an argument; a word in its place where there is none."""
    return _text(data, "provider") or "NAME"


def _percent(share: object) -> str:
    """A share in words; '' for what is none."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        return ""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def _moment(text: str) -> str:
    """``2026-11-24 18:00 UTC`` of a time as events write it; anything else as it is."""
    return f"{text[:10]} {text[11:16]} UTC" if _WHEN.fullmatch(text) else text
