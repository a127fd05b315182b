"""What a returned mail says, and of whom: delivery reports, complaints and automatic replies.

Which kind it is is decided here; the kinds are read in ``dsn`` (RFC 3464), ``arf`` (RFC 5965), ``auto_reply`` (RFC 3834) and, for
the many reports that follow no standard, ``text``. Nothing is judged: what a notice means is decided in
``policy.recipients.bounce``, and which delivery it is about follows from the return path it came to, not from anything in here.

Known sharp edges: a mail of no known kind whose words name a recipient counts as a delivery report.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from posthouse.mail.header import decode_words
from posthouse.mail.mime import encoding, parameter
from posthouse.mail.reports.arf import complaint_notices, feedback_type
from posthouse.mail.reports.auto_reply import is_auto_reply
from posthouse.mail.reports.dsn import notices_of_fields
from posthouse.mail.reports.notice import RecipientNotice, original_recipients
from posthouse.mail.reports.parts import (
    MOST_TEXT,
    RETURNED_MEDIA,
    ReportPart,
    fields_text,
    header_of,
    parts_of,
    readable_text,
    returned_text,
)
from posthouse.mail.reports.text import notices_in

MOST_OCTETS: Final = 2 << 20
_MOST_VALUES: Final = 20
_TOKEN: Final = re.compile(r"\b(b\+[a-z2-7]{45})@", re.IGNORECASE)
_ADDRESS_START: Final = re.compile(r"[^@/|\s][^@\s]{0,200}@[^@\s]")  # not a file (/…) or a program (|…)
_STATUS_MEDIA: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_TEXT_MEDIA: Final = frozenset({"text/plain", "text/html"})
_FEEDBACK_MEDIA: Final = "message/feedback-report"
_MAIL_SYSTEM: Final = re.compile(
    r"mailer-?daemon|postmaster|mail delivery|delivery (?:sub)?system|mdaemon|mail administrator|mailer|bounce|mail ?server",
    re.IGNORECASE,
)
_REPORT_SUBJECT: Final = re.compile(
    r"undeliver|deliver(?:y|ed)|return(?:ed|ing)|fail|bounce|nicht zustell|unzustell|reject|non[- ]?remis|warning|not sent|could not",
    re.IGNORECASE,
)


class ReportKind(StrEnum):
    """What a returned mail is."""

    DSN = "dsn"
    ARF = "arf"
    AUTO_REPLY = "auto_reply"
    DMARC = "dmarc"
    OTHER = "other"


class ReturnedReport(msgspec.Struct, frozen=True, kw_only=True):
    """``notices``: one a recipient. ``feedback_type``: of a complaint.

    ``tokens``: return paths of ours that stand in it; ``message_ids`` and ``feedback_ids``: of the mail it is about. All are
    claims.
    """

    kind: ReportKind
    notices: tuple[RecipientNotice, ...] = ()
    feedback_type: str = ""
    tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    feedback_ids: tuple[str, ...] = ()
    subject: str = ""


class _Contents(msgspec.Struct, frozen=True):
    """The texts of the parts, by use: for people, fields of a DSN, fields of a complaint, and the returned mails."""

    header: dict[str, str]
    subject: str
    text: str
    status: list[str]
    complaint: str | None
    originals: list[str]


def read(data: bytes) -> ReturnedReport:
    """The report in a mail, of whatever quality."""
    contents = _contents(encoding.crlf(data[:MOST_OCTETS]).replace(b"\0", b""))
    kind = _kind(contents)
    notices: list[RecipientNotice] = []
    if contents.complaint is not None:
        notices = complaint_notices(contents.complaint, contents.originals, contents.text)
    elif kind in (ReportKind.DSN, ReportKind.OTHER):
        notices = _delivery_notices(contents)
        kind = ReportKind.DSN if notices else kind
    everything = "\n".join([*contents.originals, contents.text, *contents.status])
    return ReturnedReport(
        kind=kind,
        notices=tuple(notices),
        feedback_type=feedback_type(contents.complaint or ""),
        subject=contents.subject,
        tokens=tuple(dict.fromkeys(token.lower() for token in _TOKEN.findall(everything)[:_MOST_VALUES])),
        message_ids=tuple(_header_values(contents.originals, "message-id")),
        feedback_ids=tuple(_header_values(contents.originals, "feedback-id")),
    )


def _contents(data: bytes) -> _Contents:
    parts = parts_of(data)
    header = header_of(data)
    complaint: ReportPart | None = next((part for part in parts if part.media == _FEEDBACK_MEDIA), None)
    return _Contents(
        header=header,
        subject=decode_words(header.get("subject", ""))[:500],
        text="\n".join(readable_text(part) for part in parts if part.media in _TEXT_MEDIA)[:MOST_TEXT],
        status=[fields_text(part) for part in parts if part.media in _STATUS_MEDIA],
        complaint=fields_text(complaint) if complaint is not None else None,
        originals=[returned_text(part) for part in parts if part.media in RETURNED_MEDIA],
    )


def _kind(contents: _Contents) -> ReportKind:
    header, subject = contents.header, contents.subject
    media, values = parameter.parse(header.get("content-type", ""))
    report_type = values.get("report-type", "").lower()
    if contents.complaint is not None or report_type == "feedback-report":
        return ReportKind.ARF
    if contents.status or (media == "multipart/report" and report_type == "delivery-status"):
        return ReportKind.DSN
    if "report domain:" in subject.lower() and "submitter:" in subject.lower():
        return ReportKind.DMARC
    from_mail_system = _is_from_mail_system(header, subject)
    if is_auto_reply(header, subject, from_mail_system=from_mail_system):
        names_recipient = "x-failed-recipients" in header or "final-recipient" in contents.text.lower()
        return ReportKind.DSN if names_recipient else ReportKind.AUTO_REPLY
    return ReportKind.DSN if from_mail_system else ReportKind.OTHER


def _is_from_mail_system(header: Mapping[str, str], subject: str) -> bool:
    return _MAIL_SYSTEM.search(header.get("from", "")) is not None or _REPORT_SUBJECT.search(subject) is not None


def _delivery_notices(contents: _Contents) -> list[RecipientNotice]:
    """From the fields where there are any, in a part of their own or among the words; else from the words."""
    failed = _addresses(contents.header.get("x-failed-recipients", ""))
    failed_keys = {address.lower() for address in failed}
    reported_to = frozenset(address.lower() for address in original_recipients([f"To: {contents.header.get('to', '')}"]))
    from_words = notices_in(contents.text, failed or original_recipients(contents.originals), reported_to - failed_keys)
    if failed:
        from_words = [notice for notice in from_words if notice.recipient.lower() in failed_keys] or [
            RecipientNotice(recipient=address, diagnostic=" ".join(contents.text.split())[:1000]) for address in failed
        ]
    notices = [notice for text in contents.status for notice in notices_of_fields(text)] or notices_of_fields(contents.text)
    return _with_words(notices, from_words) if notices else from_words


def _with_words(notices: list[RecipientNotice], from_words: list[RecipientNotice]) -> list[RecipientNotice]:
    """The notices of the fields with the words about the same recipient, or about the only one."""
    by_address = {notice.recipient.lower(): notice for notice in from_words}
    only = from_words[0] if len(from_words) == 1 and len(notices) == 1 else None
    result = []
    for notice in notices:
        words = by_address.get(notice.recipient.lower()) or only
        if words is None:
            result.append(notice)
            continue
        # A field may name a file or a program instead of an address; then the words are right.
        recipient = notice.recipient if _ADDRESS_START.match(notice.recipient) else words.recipient
        result.append(msgspec.structs.replace(notice, recipient=recipient, text=words.diagnostic))
    return result


def _header_values(originals: list[str], name: str) -> list[str]:
    values = [
        line.partition(":")[2].strip()[:500]
        for text in originals
        for line in text.partition("\n\n")[0].splitlines()[:400]
        if line.lower().startswith(name + ":")
    ]
    return list(dict.fromkeys(values))[:_MOST_VALUES]


def _addresses(value: str) -> list[str]:
    return [part.strip().strip("<>") for part in value.split(",") if "@" in part][:100]
