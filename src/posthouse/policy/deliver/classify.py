"""What does it mean? A reply at a stage, or its absence, becomes one of the five outcomes. The only reader of reply codes.

The first digit decides between now, later and never (RFC 5321 section 4.2.1: receivers invent codes); why, and whom it is
about, stands in ``policy.deliver.reasons``. Before RCPT a reply is about the host, not about any recipient: such a failure is
the destination's *later* (MX) or a failure of our own route (relay), never a bounce. After the gate was opened
silence is doubt, but a reply is an answer.

Known sharp edges: a full mailbox is *later* even as 5xx (mission B2); a wait that a reply names in words is read
only in the common English forms, and never longer than four hours.
"""

import re
from datetime import timedelta
from typing import Final

from posthouse.mail.smtp.reply import Reply, clip
from posthouse.model.outcome import (
    AttemptStage,
    Bounced,
    Deferred,
    Delivered,
    Diagnosis,
    InDoubt,
    Outcome,
    Reason,
    Refused,
    Scope,
)
from posthouse.policy.deliver.reasons import reason_for

LONGEST_WAIT: Final = timedelta(hours=4)

_SESSION: Final = frozenset(
    {AttemptStage.RESOLVE, AttemptStage.CONNECT, AttemptStage.GREETING, AttemptStage.HELLO, AttemptStage.TLS, AttemptStage.AUTH}
)
_ON_CONNECT: Final = frozenset({AttemptStage.CONNECT, AttemptStage.GREETING, AttemptStage.HELLO})
_SESSION_REASON: Final = {AttemptStage.TLS: Reason.TLS_FAILED, AttemptStage.AUTH: Reason.AUTH_FAILED}
_WAIT: Final = re.compile(
    r"(?:in|after|for|wait|retry)\D{0,12}?(?:(\d{1,2}):(\d{2})(?::(\d{2}))?|(\d{1,6})[ -]*(s\b|sec|m\b|min|h\b|hour))",
    re.IGNORECASE,
)
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def classify(stage: AttemptStage, reply: Reply, *, relay: bool = False) -> Outcome:
    """What ``reply`` means at ``stage``; ``relay``: from a host of our own route, not from a destination."""
    if stage is AttemptStage.DOT and reply.kind == 2:
        return Delivered(_diagnosis(Reason.ACCEPTED, Scope.RECIPIENT, stage, reply), final=not relay)
    if reply.kind not in (4, 5):
        return no_answer(stage, Reason.PROTOCOL_ERROR, f"{reply.code} {reply.text}", relay=relay, left=stage is AttemptStage.DOT)
    reason, scope = reason_for(stage, reply.code, reply.enhanced, reply.text)
    if stage in _SESSION:
        return _host(stage, reply, _SESSION_REASON.get(stage, _host_reason(reason)), relay=relay)
    if reply.code == 421 and stage is not AttemptStage.DOT:
        return _host(stage, reply, reason, relay=relay)
    diagnosis = _diagnosis(reason, scope, stage, reply)
    if relay and reason is Reason.AUTH_FAILED:
        return Refused(diagnosis)
    if reply.kind == 4 or reason is Reason.MAILBOX_FULL:
        return Deferred(diagnosis, wait=requested_wait(reply.text))
    return Bounced(diagnosis)


def no_answer(stage: AttemptStage, reason: Reason, text: str = "", *, relay: bool = False, left: bool = False) -> Outcome:
    """No answer, or none that can be read. ``left``: the gate was opened, so the body may have left."""
    diagnosis = Diagnosis(reason=reason, scope=Scope.US if relay else Scope.SITE, stage=stage, reply=clip(text))
    if left:
        return InDoubt(diagnosis)
    return Refused(diagnosis) if relay else Deferred(diagnosis)


def impossible(reason: Reason, text: str) -> Bounced:
    """What cannot be, known before the peer is asked: an address that it cannot take, a message above its stated size."""
    enhanced = {Reason.ADDRESS_NOT_SUPPORTED: "5.6.7", Reason.TOO_LARGE: "5.3.4"}[reason]
    scope = Scope.MESSAGE if reason is Reason.TOO_LARGE else Scope.RECIPIENT
    return Bounced(Diagnosis(reason=reason, scope=scope, stage=AttemptStage.MAIL, enhanced_code=enhanced, reply=text))


def no_such_destination(reason: Reason, text: str, *, look_again: timedelta | None) -> Outcome:
    """The DNS says that no mail is taken there; believed only at the second look (F-16). ``look_again``: when that is due."""
    enhanced = "5.1.10" if reason is Reason.NO_MAIL_DOMAIN else "5.1.2"
    diagnosis = Diagnosis(
        reason=reason,
        scope=Scope.RECIPIENT,
        stage=AttemptStage.RESOLVE,
        enhanced_code=None if look_again else enhanced,
        reply=text,
    )
    return Deferred(diagnosis, wait=look_again) if look_again else Bounced(diagnosis)


def requested_wait(text: str) -> timedelta | None:
    """How long a reply asks us to wait (``try again in 300 seconds``, ``retry after 00:04:58``), or None."""
    match = _WAIT.search(text)
    if not match:
        return None
    first, second, third, number, unit = match.groups()
    if number:
        seconds = int(number) * _UNIT_SECONDS[unit[0].lower()]
    elif third:
        seconds = (int(first) * 60 + int(second)) * 60 + int(third)
    else:
        seconds = int(first) * 60 + int(second)
    return min(timedelta(seconds=seconds), LONGEST_WAIT) if seconds else None


def _host(stage: AttemptStage, reply: Reply, reason: Reason, *, relay: bool) -> Outcome:
    """The host as such turned us away."""
    diagnosis = _diagnosis(reason, Scope.US if relay else Scope.SITE, stage, reply)
    if relay:
        return Refused(diagnosis)
    counts = not (reply.code == 421 and stage in _ON_CONNECT)
    return Deferred(diagnosis, wait=requested_wait(reply.text), counts=counts)


def _host_reason(reason: Reason) -> Reason:
    """A greeting is about us or about the host; words that name a mailbox mean nothing there."""
    return reason if reason in (Reason.RATE_LIMITED, Reason.POLICY_BLOCKED, Reason.AUTH_FAILED) else Reason.BUSY


def _diagnosis(reason: Reason, scope: Scope, stage: AttemptStage, reply: Reply) -> Diagnosis:
    return Diagnosis(
        reason=reason,
        scope=scope,
        stage=stage,
        reply_code=reply.code,
        enhanced_code=reply.enhanced,
        reply=clip(f"{reply.code} {reply.text}"),
    )
