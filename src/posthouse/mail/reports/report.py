"""What does a returned mail say, of whom? Delivery reports of every kind, complaints and automatic replies, taken apart.

RFC 3464 (delivery status), RFC 5965 (complaints), RFC 3834 (automatic replies), RFC 3462 (the multipart around them); and the
many that follow none of these and only write a letter, which ``report_text`` reads. Nothing is judged here: what a notice means is
``policy.recipients.bounce``'s to say, and which delivery it is about is said by the return path it came to, not by anything in here.

Anybody may have written it, so this reads what it can and never raises: bounded in header octets, depth, parts and text, one pass each.

Known sharp edges: boundaries are believed as they stand, so a part that quotes its own boundary ends there; what is beyond the
bounds is not read; a report inside a report is read as one.
"""

import re
from typing import Final

import msgspec

from posthouse.mail import charset
from posthouse.mail.header import decode_words
from posthouse.mail.mime import encoding, parameter
from posthouse.mail.reports.text import RecipientNotice, notices_in, notices_of_fields, original_recipients

HEADER_OCTETS: Final = 256 * 1024
MOST_OCTETS: Final = 2 << 20
MOST_PARTS: Final = 60
DEEPEST: Final = 8
TEXT: Final = 96 * 1024
_FIELD: Final = re.compile(r"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)
_TOKEN: Final = re.compile(r"\b(b\+[a-z2-7]{45})@", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^<>]{0,400}>", re.IGNORECASE)
_MARKUP: Final = re.compile(r"<(?:style|script|title)\b[^<>]{0,2000}>[^<]{0,100000}|<[^<>]{0,4000}>", re.IGNORECASE)
_AUTO_SUBJECT: Final = re.compile(
    r"^(?:auto(?:matic)?[- ]?(?:reply|response|matische antwort)|autoreply|out of (?:the )?office|automatische antwort|abwesenheit|"
    r"r[ée]ponse automatique|vacation|away from|i am away)",
    re.IGNORECASE,
)
_LOCAL: Final = re.compile(r"[^@/|\s][^@\s]{0,200}@[^@\s]")
_STATUS_MEDIA: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_HEADERS_MEDIA: Final = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/partial"}
)


class ReturnedReport(msgspec.Struct, frozen=True, kw_only=True):
    """``paper``: dsn, arf, auto_reply, dmarc or other. ``notices``: one a recipient. ``feedback_type``: of a complaint.

    ``tokens``: return paths of ours that stand in it; ``message_ids`` and ``feedback_ids``: of the mail it is about. All are claims.
    """

    paper: str
    notices: tuple[RecipientNotice, ...] = ()
    feedback_type: str = ""
    tokens: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    feedback_ids: tuple[str, ...] = ()
    subject: str = ""


class _Part(msgspec.Struct):
    media: str
    fields: dict[str, str]
    body: bytes


def read(data: bytes) -> ReturnedReport:
    """The report in a mail, of whatever quality."""
    whole = encoding.crlf(data[:MOST_OCTETS]).replace(b"\0", b"")
    parts: list[_Part] = []
    top = _fields(whole)
    _walk(whole, parts, 0)
    texts = [_text(part) for part in parts if part.media in ("text/plain", "text/html") or part.media == ""]
    status = [_lines(part) for part in parts if part.media in _STATUS_MEDIA]
    arf = next((part for part in parts if part.media == "message/feedback-report"), None)
    originals = [
        _decoded(part).decode("utf-8", "replace").replace("\r\n", "\n")[:TEXT] for part in parts if part.media in _HEADERS_MEDIA
    ]
    said = "\n".join(texts)[:TEXT]
    subject = decode_words(top.get("subject", ""))[:500]
    paper = _paper(top, subject, arf is not None, bool(status), said)
    notices: list[RecipientNotice] = []
    if arf is not None:
        notices = _complained(_lines(arf), originals, said)
    elif paper in ("dsn", "other"):
        notices = _returned(top, status, said, originals)
        paper = "dsn" if notices else paper
    quoted = "\n".join([*originals, said, *status])
    return ReturnedReport(
        paper=paper, notices=tuple(notices), feedback_type=_feedback_type(arf), subject=subject,
        tokens=tuple(dict.fromkeys(token.lower() for token in _TOKEN.findall(quoted)[:20])),
        message_ids=tuple(_values(originals, "message-id")), feedback_ids=tuple(_values(originals, "feedback-id")),
    )  # fmt: skip


def _returned(top: dict[str, str], status: list[str], said: str, originals: list[str]) -> list[RecipientNotice]:
    """Fields where there are any, in a part of their own or among the words; else the words."""
    failed = _addresses(top.get("x-failed-recipients", ""))
    avoid = frozenset(address.lower() for address in original_recipients([f"To: {top.get('to', '')}"]))
    worded = notices_in(said, failed or original_recipients(originals), avoid - {address.lower() for address in failed})
    if failed:
        named = {address.lower() for address in failed}
        worded = [notice for notice in worded if notice.recipient.lower() in named] or [
            RecipientNotice(recipient=address, diagnostic=" ".join(said.split())[:1000]) for address in failed
        ]
    found = [notice for text in status for notice in notices_of_fields(text)] or notices_of_fields(said)
    return _filled(found, worded) if found else worded


def _filled(found: list[RecipientNotice], worded: list[RecipientNotice]) -> list[RecipientNotice]:
    """Fields that say why in no words borrow those of the letter, of the same recipient or of the only one."""
    by_address = {notice.recipient.lower(): notice for notice in worded}
    out = []
    for notice in found:
        other = by_address.get(notice.recipient.lower()) or (worded[0] if len(worded) == 1 and len(found) == 1 else None)
        if other is not None and not _LOCAL.match(notice.recipient):
            notice = msgspec.structs.replace(notice, recipient=other.recipient)  # noqa: PLW2901 - a file or a host is nobody
        if other is not None:
            notice = msgspec.structs.replace(notice, letter=other.diagnostic)  # noqa: PLW2901 - the same notice, told better
        out.append(notice)
    return out


def _complained(fields: str, originals: list[str], said: str) -> list[RecipientNotice]:
    named = [
        line.partition(":")[2].strip().strip("<>")
        for line in fields.splitlines()
        if line.lower().startswith(("original-rcpt-to:", "removal-recipient:"))
    ]
    people = list(dict.fromkeys(address for address in named if "@" in address)) or original_recipients(originals)
    return [RecipientNotice(recipient=address, diagnostic=said[:500]) for address in people] or [
        RecipientNotice(recipient="", diagnostic=said[:500])
    ]


def _paper(top: dict[str, str], subject: str, arf: bool, dsn: bool, said: str) -> str:
    media, values = parameter.parse(top.get("content-type", ""))
    if arf or values.get("report-type", "").lower() == "feedback-report":
        return "arf"
    if dsn or (media == "multipart/report" and values.get("report-type", "").lower() == "delivery-status"):
        return "dsn"
    if "report domain:" in subject.lower() and "submitter:" in subject.lower():
        return "dmarc"
    auto = top.get("auto-submitted", "").lower().startswith("auto-replied") or any(
        name in top for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "x-autoresponder")
    )
    bulk = (
        top.get("precedence", "").lower() in ("auto_reply", "auto-reply") or top.get("x-precedence", "").lower() == "auto_reply"
    )
    if _AUTO_SUBJECT.match(subject.removeprefix("Re: ").strip()) or ((auto or bulk) and not _daemon(top, subject)):
        return "auto_reply" if "x-failed-recipients" not in top and "final-recipient" not in said.lower() else "dsn"
    return "other" if not _daemon(top, subject) else "dsn"


_DAEMON: Final = re.compile(
    r"mailer-?daemon|postmaster|mail delivery|delivery (?:sub)?system|mdaemon|mail administrator|mailer|bounce|mail ?server",
    re.IGNORECASE,
)
_FAILED: Final = re.compile(
    r"undeliver|deliver(?:y|ed)|return(?:ed|ing)|fail|bounce|nicht zustell|unzustell|reject|non[- ]?remis|warning|not sent|could not",
    re.IGNORECASE,
)


def _daemon(top: dict[str, str], subject: str) -> bool:
    return _DAEMON.search(top.get("from", "")) is not None or _FAILED.search(subject) is not None


def _feedback_type(arf: _Part | None) -> str:
    if arf is None:
        return ""
    lines = (line.partition(":") for line in _lines(arf).splitlines())
    return next((value.strip().lower() for name, _, value in lines if name.strip().lower() == "feedback-type"), "")


def _values(texts: list[str], name: str) -> list[str]:
    found = [
        line.partition(":")[2].strip()[:500]
        for text in texts
        for line in text.partition("\n\n")[0].splitlines()[:400]
        if line.lower().startswith(name + ":")
    ]
    return list(dict.fromkeys(found))[:20]


def _addresses(value: str) -> list[str]:
    return [part.strip().strip("<>") for part in value.split(",") if "@" in part][:100]


def _walk(data: bytes, parts: list[_Part], depth: int) -> None:
    """The leaves of a message, and the messages in it, in order."""
    fields = _fields(data)
    body = data.partition(b"\r\n\r\n")[2]
    media, values = parameter.parse(fields.get("content-type", ""))
    boundary = values.get("boundary", "")
    pieces = (
        _pieces(body, boundary.encode("latin-1", "replace"))
        if media.startswith("multipart/") and boundary and depth < DEEPEST
        else []
    )
    for piece in pieces:
        if len(parts) >= MOST_PARTS:
            return
        _walk(piece, parts, depth + 1)
    if pieces:
        return
    if media.startswith("multipart/"):
        media = "text/plain"  # its boundary is not in it: a letter after all
    if media in _HEADERS_MEDIA and depth < DEEPEST and b"report-type=" in body[:4096].lower():
        _walk(body, parts, depth + 1)  # a report that somebody passed on
        return
    parts.append(_Part(media or "text/plain", fields, body))


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries; the last piece need not be closed."""
    marker = b"\r\n--" + boundary
    found = (b"\r\n" + body).split(marker)[1 : MOST_PARTS + 1]
    pieces = []
    for piece in found:
        if piece.startswith(b"--"):
            break
        line, _, rest = piece.partition(b"\r\n")
        pieces.append(rest if not line.strip() else piece)
    return pieces


def _fields(data: bytes) -> dict[str, str]:
    """The header, unfolded, the first of each name, names in lower case."""
    head = data[:HEADER_OCTETS].partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    found: dict[str, str] = {}
    for line in re.sub(r"\r\n[ \t]+", " ", head).split("\r\n"):
        match = _FIELD.match(line)
        if match is not None:
            found.setdefault(match[1].lower(), match[2].strip())
    return found


def _decoded(part: _Part) -> bytes:
    return encoding.decode(part.fields.get("content-transfer-encoding", "7bit").strip().lower(), part.body[: TEXT * 4])


def _lines(part: _Part) -> str:
    """A part of fields, unfolded."""
    text = _decoded(part).decode("utf-8", "replace").replace("\r\n", "\n")
    return re.sub(r"\n[ \t]+", " ", text)[:TEXT]


def _text(part: _Part) -> str:
    label = parameter.parse(part.fields.get("content-type", ""))[1].get("charset", "utf-8")
    text = charset.decode(_decoded(part), label).replace("\r\n", "\n")[: TEXT * 2]
    if part.media == "text/html" or text.lstrip()[:6].lower() in ("<html>", "<!doct"):
        text = (
            _MARKUP.sub(" ", _TAG.sub("\n", text))
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&nbsp;", " ")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
        )
    return text[:TEXT]
