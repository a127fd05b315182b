"""From the notice of a recipient in a report to one piece of feedback: is it a bounce, and is it permanent?

The words of the host decide, then the enhanced code, then the reply code: the same rows that classify a reply on the wire
(``reasons``). *Hard* needs certainty that the address itself is dead: a code or words for an unknown user or a domain that does
not exist. A failed attempt is *soft*, a decision about us as the sender is *blocked*, and a report of continued attempts is
*delayed*.

Known sharp edges: without an enhanced code and without words a 550 stays *unknown*: it suppresses nobody. A reporter's own 5.4.x
or 5.0.0 often wraps what the host said, so a code in the words outweighs the one in the fields.
"""

import re
from typing import Final

from posthouse.mail.reports.notice import RecipientNotice
from posthouse.mail.reports.report import ReportKind, ReturnedReport
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.outcome import AttemptStage, Diagnosis, Reason, Scope
from posthouse.policy.recipients.bounce_words import DEAD, reason_of

_SOFT: Final = frozenset(
    {
        Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED, Reason.EXPIRED, Reason.CONNECT_FAILED, Reason.DNS_FAILED, Reason.TIMED_OUT,
        Reason.CONNECTION_LOST, Reason.PROTOCOL_ERROR, Reason.BUSY, Reason.GREYLISTED, Reason.TLS_FAILED,
    }
)  # fmt: skip
_BLOCKED: Final = frozenset(
    {
        Reason.POLICY_BLOCKED, Reason.CONTENT_REJECTED, Reason.SENDER_REJECTED, Reason.TOO_LARGE, Reason.RATE_LIMITED,
        Reason.AUTH_FAILED, Reason.ADDRESS_NOT_SUPPORTED,
    }
)  # fmt: skip
_CODES: Final = re.compile(r"(?<![\d.])([45]\d\d)[- ](?:#?\(?([245]\.\d{1,3}\.\d{1,3})\)?)?")
# A reply code as reports quote it: at the beginning, after the name of the host, or before its enhanced code.
_QUOTED_CODE: Final = re.compile(r"(?:^|[:;<>(\]]) {0,4}([45]\d\d)(?=[- ]|$)|(?<![\d.])([45]\d\d)[- ]#?\(?[245]\.\d{1,3}\.\d")
_ENHANCED: Final = re.compile(r"(?<![\d.])([245]\.(?:[0-7])\.\d{1,3})(?![\d.])")
_VAGUE: Final = re.compile(r"^[245]\.(?:0\.0|[0-7]\.0)$")


def judge(report: ReturnedReport) -> tuple[Feedback, ...]:
    """The feedback in a report; nothing where it is no report of a mail."""
    if report.kind is ReportKind.ARF:
        return _complaints(report)
    if report.kind is ReportKind.AUTO_REPLY:
        return (Feedback(kind=FeedbackKind.AUTO_REPLY, recipient=None, reply=report.subject),)
    if report.kind is ReportKind.DMARC:
        return ()
    return tuple(_feedback(notice) for notice in report.notices)


def suppresses(diagnosis: Diagnosis) -> bool:
    """Whether a permanent refusal on the wire is certain enough to suppress the address.

    A dead address by its enhanced code, or by words about the recipient; never for a reply to MAIL FROM, nor for a 550 without
    either.
    """
    if diagnosis.reason not in DEAD or diagnosis.scope is not Scope.RECIPIENT:
        return False
    if diagnosis.stage is AttemptStage.RESOLVE:
        return True
    if diagnosis.stage not in (AttemptStage.RCPT, AttemptStage.DATA, AttemptStage.BODY, AttemptStage.DOT):
        return False
    detail = (diagnosis.enhanced_code or "").partition(".")[2]
    # Words about a domain may be about ours; only the code says whose.
    return diagnosis.reason is Reason.UNKNOWN_RECIPIENT or detail in ("1.2", "1.10")


def _complaints(report: ReturnedReport) -> tuple[Feedback, ...]:
    if report.feedback_type in ("auth-failure", "not-spam", "dmarc"):
        return ()  # a report about signatures, or a complaint that was withdrawn
    return tuple(
        Feedback(
            kind=FeedbackKind.COMPLAINT,
            suppresses=True,
            recipient=notice.recipient or None,
            reason=report.feedback_type or "abuse",
        )
        for notice in report.notices
    )


def _feedback(notice: RecipientNotice) -> Feedback:
    code, enhanced = _codes(notice)
    text = notice.diagnostic if len(notice.diagnostic) > 12 else f"{notice.diagnostic} {notice.text}"
    reason = reason_of(code, enhanced, text, notice.text)
    if reason is Reason.UNKNOWN and notice.text:
        reason = reason_of(code, enhanced, f"{text} {notice.text}")
    kind = _kind(notice, reason)
    return Feedback(
        kind=kind,
        suppresses=kind is FeedbackKind.HARD,
        recipient=notice.recipient or None,
        reason=reason.value,
        reply_code=_quoted_code(notice),
        enhanced_code=enhanced or None,
        reply=text[:1000],
    )


def _kind(notice: RecipientNotice, reason: Reason) -> FeedbackKind:
    if notice.action.startswith(("delivered", "relayed", "expanded")):
        return FeedbackKind.DELIVERED
    if notice.action.startswith("delayed"):
        return FeedbackKind.DELAYED
    if reason in DEAD:
        return FeedbackKind.HARD
    if reason in _SOFT:
        return FeedbackKind.SOFT
    return FeedbackKind.BLOCKED if reason in _BLOCKED else FeedbackKind.UNKNOWN


def _codes(notice: RecipientNotice) -> tuple[int, str]:
    """Reply code and enhanced code: those of the host, then those of the reporter."""
    for text in (notice.diagnostic, notice.text):
        code = _CODES.search(text)
        if code is not None:
            enhanced = code[2] or _first_enhanced(text, code.start())
            return int(code[1]), _more_precise(enhanced, notice.status)
    enhanced = _more_precise(_first_enhanced(notice.diagnostic, 0), notice.status)
    return (int(enhanced[0]) * 100 + 50 if enhanced and enhanced[0] in "45" else 0), enhanced


def _first_enhanced(text: str, start: int) -> str:
    match = _ENHANCED.search(text, start)
    return match[1] if match is not None else ""


def _quoted_code(notice: RecipientNotice) -> int | None:
    """The reply code that the host is quoted with; None where there is none."""
    match = next(filter(None, (_QUOTED_CODE.search(text) for text in (notice.diagnostic, notice.text))), None)
    return None if match is None else int(match[1] or match[2])


def _more_precise(quoted: str, status: str) -> str:
    if not quoted:
        return status
    return status if _VAGUE.match(quoted) and status and not _VAGUE.match(status) else quoted
