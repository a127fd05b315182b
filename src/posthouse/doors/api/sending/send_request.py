"""How a send's JSON becomes a ``SendRequest``: addresses parsed, files decoded, times in UTC, every fault with its path.

This checks the structure only. The rules for a request are checked where it is accepted (``policy.accept``), the same for every
door. Only where the structure is faulty are they applied here as well, to what could be read, so that one response lists
everything. A faulty part is None here: its fault is in the list already.
"""

import binascii
import mimetypes
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from posthouse.doors.api.sending.count_limits import check
from posthouse.doors.api.sending.header_rules import CallerHeaders, split_headers
from posthouse.doors.api.shared.fields import AttachmentBody, NamedAddress, SendBody
from posthouse.doors.http.body import decode, member_path
from posthouse.doors.http.validation import Faults, validate
from posthouse.mail.address import AddressFault, parse_list, parse_mailbox, parse_path, with_name
from posthouse.model.letter import Attachment
from posthouse.model.limits import Limits
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import FieldError, Rejection, SendRequest, invalid
from posthouse.policy import types
from posthouse.policy.accept.admit import check_rules
from posthouse.policy.accept.schedule import Schedule
from posthouse.policy.types import OwnTypes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MEDIA_TYPES: Final = mimetypes.MimeTypes()  # the built-in table only, so that every machine guesses the same
_CONTENT: Final = ("html", "text", "template")
_UNKNOWN_MEDIA_TYPE: Final = "application/octet-stream"


class FaultyRequest(msgspec.Struct, frozen=True):
    """What could be read of a request that is structurally wrong, and its faults."""

    request: SendRequest
    faults: list[FieldError]

    @property
    def names_unknown_type(self) -> bool:
        """Whether the type is not built in, so that the tenant's own types are needed to check it."""
        return self.request.type is not None and self.request.type not in types.BY_NAME


def parse_send(data: bytes, header_key: str | None, limits: Limits) -> SendRequest | FaultyRequest | Rejection:
    """The request in a body of ``/v1/send``; ``header_key`` is the Idempotency-Key header."""
    parsed = decode(data)
    if isinstance(parsed, Rejection):
        return parsed
    return parse_members(parsed.members, header_key, list(parsed.faults), limits)


def parse_members(members: dict[str, Any], header_key: str | None, faults: Faults, limits: Limits) -> SendRequest | FaultyRequest:
    """The request in decoded members; ``faults`` are those found so far."""
    body = validate(check(members, limits, faults), SendBody, faults)
    request = _build_request(body, header_key, faults, limits)
    return FaultyRequest(request, faults) if faults else request


def reject(faulty: FaultyRequest, now: datetime, limits: Limits, own_types: OwnTypes) -> Rejection:
    """Everything that is wrong with the request: its structure, and the rules that the readable rest breaks."""
    rule_faults = _check_rules(faulty.request, now, limits, own_types)
    return invalid(*_one_per_path([*faulty.faults, *_independent(faulty.faults, rule_faults)]))


def _build_request(body: SendBody, header_key: str | None, faults: Faults, limits: Limits) -> SendRequest:
    headers = split_headers(body.headers)
    _check_synonyms(body, headers, faults)
    tracking = body.tracking
    return SendRequest(
        to=_mailboxes(body.to, "to", faults),
        cc=_mailboxes(body.cc, "cc", faults),
        bcc=_mailboxes(body.bcc, "bcc", faults),
        sender=_mailbox(body.from_, "from", faults),
        reply_to=_mailboxes(body.reply_to, "replyTo", faults) or _address_list(headers.reply_to, faults),
        subject=body.subject if body.subject is not None else headers.subject,
        html=body.html or None,
        text=body.text or None,
        template=body.template,
        template_version=body.template_version,
        locale=body.locale,
        variables=body.variables if body.variables is not None else body.payload,
        type=body.type,
        stream=body.stream,
        dedupe_key=_dedupe_key(body.dedupe_key, header_key, faults, limits.dedupe_key_length),
        occurred_at=_utc(body.occurred_at, "occurredAt", faults),
        send_at=_utc(body.send_at, "sendAt", faults),
        expires_at=_utc(body.expires_at, "expiresAt", faults),
        expires_in=None if body.expires_in is None else timedelta(seconds=body.expires_in),
        supersedes=body.supersedes,
        tls=body.tls or "opportunistic",
        headers=headers.rest or None,
        attachments=_attachments(body.attachments, faults),
        tags=tuple(filter(None, body.tags or ())),
        metadata={name: value for name, value in (body.metadata or {}).items() if value is not None} or None,
        track_opens=tracking.opens if tracking else None,
        track_clicks=tracking.clicks if tracking else None,
    )


def _check_synonyms(body: SendBody, headers: CallerHeaders, faults: Faults) -> None:
    """Two names for one field, which only this door knows."""
    if body.variables is not None and body.payload is not None and body.variables != body.payload:
        faults.append(FieldError("payload", "is another name for variables: give one of them"))
    if body.subject is not None and headers.subject is not None:
        faults.append(FieldError("headers.Subject", "cannot stand beside subject: give one of them"))
    if body.reply_to is not None and headers.reply_to is not None:
        faults.append(FieldError("headers.Reply-To", "cannot stand beside replyTo: give one of them"))


def _check_rules(request: SendRequest, now: datetime, limits: Limits, own_types: OwnTypes) -> list[FieldError]:
    """What ``policy.accept`` would say of the request, so that one answer has every fault."""
    name = request.type or types.DEFAULT
    type_ = types.BY_NAME.get(name) or own_types.get(name) or FieldError("type", types.unknown(name, own_types))
    checked = check_rules(request, type_, now, limits)
    return [] if isinstance(checked, Schedule) else list(checked)


def _dedupe_key(field: str | None, header: str | None, faults: Faults, longest: int) -> str | None:
    """The one key of a request; the header and the field may both be present only if they agree."""
    if header is None:
        return field
    if not 0 < len(header) <= longest or not header.isascii() or not header.isprintable():
        faults.append(FieldError("Idempotency-Key", f"must have 1 to {longest} printable ASCII characters"))
        return field
    if field is not None and field != header:
        faults.append(FieldError("dedupeKey", "differs from the Idempotency-Key header: give one of them"))
    return header


def _mailboxes(value: Any, path: str, faults: Faults) -> tuple[Mailbox, ...]:
    if not isinstance(value, list):
        mailbox = _mailbox(value, path, faults)
        return () if mailbox is None else (mailbox,)
    mailboxes = (_mailbox(item, f"{path}[{index}]", faults) for index, item in enumerate(value))
    return tuple(mailbox for mailbox in mailboxes if mailbox is not None)


def _address_list(field: str | None, faults: Faults) -> tuple[Mailbox, ...]:
    mailboxes = () if field is None else parse_list(field)
    if isinstance(mailboxes, AddressFault):
        faults.append(FieldError("headers.Reply-To", mailboxes.message))
        return ()
    return mailboxes


def _mailbox(value: str | NamedAddress | None, path: str, faults: Faults) -> Mailbox | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _without_fault(parse_mailbox(value), path, faults)
    bare = _without_fault(parse_path(value.email), member_path(path, "email"), faults)
    if bare is None or not value.name:
        return bare
    return _without_fault(with_name(bare, value.name), member_path(path, "name"), faults)


def _without_fault(mailbox: Mailbox | AddressFault, path: str, faults: Faults) -> Mailbox | None:
    if isinstance(mailbox, Mailbox):
        return mailbox
    faults.append(FieldError(path, mailbox.message))
    return None


def _utc(value: datetime | None, path: str, faults: Faults) -> datetime | None:
    if value is None:
        return None
    try:
        at = value.astimezone(UTC)
    except OverflowError:  # a time in year 1 or 9999 that its zone moves out of what datetime holds
        at = _EPOCH - timedelta(1)
    if at < _EPOCH or at.year > 9000:
        faults.append(FieldError(path, "is no time between 1970 and 9000"))
        return None
    return at


def _attachments(bodies: list[AttachmentBody] | None, faults: Faults) -> tuple[Attachment, ...]:
    files = (_attachment(body, f"attachments[{index}]", faults) for index, body in enumerate(bodies or ()))
    return tuple(file for file in files if file is not None)


def _attachment(body: AttachmentBody | None, path: str, faults: Faults) -> Attachment | None:
    if body is None:  # its fault is in the list already
        return None
    try:
        content = binascii.a2b_base64(body.content.encode(), strict_mode=True)
    except binascii.Error:
        faults.append(FieldError(f"{path}.content", "must be Base64 with padding and without line breaks (RFC 4648 section 4)"))
        return None
    media_type = body.content_type or _MEDIA_TYPES.guess_type(body.filename)[0] or _UNKNOWN_MEDIA_TYPE
    return Attachment(body.filename, content, media_type, body.content_id or "")


def _independent(faults: Faults, rule_faults: list[FieldError]) -> list[FieldError]:
    """The rule faults that do not follow from the others: a faulty part counts as absent, and a rule may then miss it."""
    paths = [fault.path for fault in faults]
    is_content_faulty = any(path in _CONTENT for path in paths)
    return [
        fault
        for fault in rule_faults
        if not any(path.startswith(fault.path or "\0") for path in paths) and (fault.path or not is_content_faulty)
    ]


def _one_per_path(faults: Faults) -> list[FieldError]:
    """The first fault of each path, at most a hundred of them."""
    first: dict[str, FieldError] = {}
    for fault in faults:
        first.setdefault(fault.path, fault)
    return list(first.values())[:100]
