"""How a send's JSON becomes a ``SendRequest``: addresses parsed, files decoded, times in UTC, every fault told.

What depends on facts (the tenant's domains, types, templates, the time of day) is policy's and intake's to judge,
not this room's. A part that was found faulty before is None here and is passed over without a second word.
"""

import binascii
import mimetypes
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from posthouse.doors.api.sending.count_limits import check
from posthouse.doors.api.sending.header_rules import OwnHeaders, own_headers
from posthouse.doors.api.shared.fields import AttachmentBody, NamedAddress, SendBody
from posthouse.doors.http.body import decode, joined
from posthouse.doors.http.problem import invalid
from posthouse.doors.http.validation import Faults, validate
from posthouse.mail.address import AddressFault, parse_list, parse_mailbox, parse_path, with_name
from posthouse.model.letter import Attachment
from posthouse.model.limits import Limits
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import FieldError, Rejection, SendRequest
from posthouse.policy import types
from posthouse.policy.accept.admit import check_rules
from posthouse.policy.accept.schedule import Schedule
from posthouse.policy.types import OwnTypes

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TYPES: Final = mimetypes.MimeTypes()  # the built-in table only, so that every machine guesses alike
_CONTENT: Final = ("html", "text", "template")
_UNKNOWN_TYPE: Final = "application/octet-stream"


def read_send(
    data: bytes, header_key: str | None, now: datetime, limits: Limits, own: OwnTypes | None = None
) -> SendRequest | Rejection:
    """The message asked for in a body of ``/v1/send``; ``header_key`` is the Idempotency-Key header, ``own`` the tenant's types."""
    parsed = decode(data)
    if isinstance(parsed, Rejection):
        return parsed
    return read_members(parsed.members, header_key, list(parsed.faults), now, limits, own)


def read_members(
    members: dict[str, Any], header_key: str | None, faults: Faults, now: datetime, limits: Limits, own: OwnTypes | None = None
) -> SendRequest | Rejection:
    """The same for members that are decoded already; ``faults`` are those found so far."""
    body = validate(check(members, limits, faults), SendBody, faults)
    request = _request(body, header_key, faults, limits)
    if not faults:
        return request
    return invalid(*_one_a_path([*faults, *_unsaid(faults, _policy_faults(request, now, limits, own or {}))]))


def _request(body: SendBody, header_key: str | None, faults: Faults, limits: Limits) -> SendRequest:
    own = own_headers(body.headers)
    _check(body, own, faults)
    tracking = body.tracking
    return SendRequest(
        to=_mailboxes(body.to, "to", faults),
        cc=_mailboxes(body.cc, "cc", faults),
        bcc=_mailboxes(body.bcc, "bcc", faults),
        sender=_mailbox(body.from_, "from", faults),
        reply_to=_mailboxes(body.reply_to, "replyTo", faults) or _listed(own.reply_to, faults),
        subject=body.subject if body.subject is not None else own.subject,
        html=body.html or None,
        text=body.text or None,
        template=body.template,
        template_version=body.template_version,
        locale=body.locale,
        variables=body.variables if body.variables is not None else body.payload,
        type=body.type,
        stream=body.stream,
        dedupe_key=dedupe_key(body.dedupe_key, header_key, faults, limits.dedupe_key_length),
        occurred_at=_utc(body.occurred_at, "occurredAt", faults),
        send_at=_utc(body.send_at, "sendAt", faults),
        expires_at=_utc(body.expires_at, "expiresAt", faults),
        expires_in=None if body.expires_in is None else timedelta(seconds=body.expires_in),
        supersedes=body.supersedes,
        tls=body.tls or "opportunistic",
        headers=own.rest or None,
        attachments=_attachments(body.attachments, faults),
        tags=tuple(filter(None, body.tags or ())),
        metadata={name: value for name, value in (body.metadata or {}).items() if value is not None} or None,
        track_opens=tracking.opens if tracking else None,
        track_clicks=tracking.clicks if tracking else None,
    )


def _check(body: SendBody, own: OwnHeaders, faults: Faults) -> None:
    """What only this door can know: two names for one thing."""
    if body.variables is not None and body.payload is not None and body.variables != body.payload:
        faults.append(FieldError("payload", "is another name for variables: give one of them"))
    if body.subject is not None and own.subject is not None:
        faults.append(FieldError("headers.Subject", "cannot stand beside subject: give one of them"))
    if body.reply_to is not None and own.reply_to is not None:
        faults.append(FieldError("headers.Reply-To", "cannot stand beside replyTo: give one of them"))


def _policy_faults(request: SendRequest, now: datetime, limits: Limits, own: OwnTypes) -> tuple[FieldError, ...]:
    """What policy would say of the rest, so that one answer has it all."""
    name = request.type or types.DEFAULT
    known = types.BY_NAME.get(name) or own.get(name) or FieldError("type", types.unknown(name, own))
    found = check_rules(request, known, now, limits)
    return () if isinstance(found, Schedule) else found


def dedupe_key(given: str | None, header: str | None, faults: Faults, most: int) -> str | None:
    """The one key of a request; the header and the field may both stand only if they agree."""
    if header is None:
        return given
    if not 0 < len(header) <= most or not header.isascii() or not header.isprintable():
        faults.append(FieldError("Idempotency-Key", f"must have 1 to {most} printable ASCII characters"))
        return given
    if given is not None and given != header:
        faults.append(FieldError("dedupeKey", "differs from the Idempotency-Key header: give one of them"))
    return header


def _mailboxes(value: Any, path: str, faults: Faults) -> tuple[Mailbox, ...]:
    if not isinstance(value, list):
        alone = _mailbox(value, path, faults)
        return () if alone is None else (alone,)
    found = (_mailbox(item, f"{path}[{index}]", faults) for index, item in enumerate(value))
    return tuple(mailbox for mailbox in found if mailbox is not None)


def _listed(field: str | None, faults: Faults) -> tuple[Mailbox, ...]:
    found = () if field is None else parse_list(field)
    if isinstance(found, AddressFault):
        faults.append(FieldError("headers.Reply-To", found.message))
        return ()
    return found


def _mailbox(value: str | NamedAddress | None, path: str, faults: Faults) -> Mailbox | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _parsed(parse_mailbox(value), path, faults)
    bare = _parsed(parse_path(value.email), joined(path, "email"), faults)
    if bare is None or not value.name:
        return bare
    return _parsed(with_name(bare, value.name), joined(path, "name"), faults)


def _parsed(found: Mailbox | AddressFault, path: str, faults: Faults) -> Mailbox | None:
    if isinstance(found, Mailbox):
        return found
    faults.append(FieldError(path, found.message))
    return None


def _utc(moment: datetime | None, path: str, faults: Faults) -> datetime | None:
    if moment is None:
        return None
    try:
        at = moment.astimezone(UTC)
    except OverflowError:
        at = _EPOCH - timedelta(1)
    if at < _EPOCH or at.year > 9000:
        faults.append(FieldError(path, "is no time between 1970 and 9000"))
        return None
    return at


def _attachments(given: list[AttachmentBody] | None, faults: Faults) -> tuple[Attachment, ...]:
    files = (_attachment(item, f"attachments[{index}]", faults) for index, item in enumerate(given or ()))
    return tuple(file for file in files if file is not None)


def _attachment(given: AttachmentBody | None, path: str, faults: Faults) -> Attachment | None:
    if given is None:  # a fault that has been told
        return None
    try:
        content = binascii.a2b_base64(given.content.encode(), strict_mode=True)
    except binascii.Error:
        faults.append(FieldError(f"{path}.content", "must be Base64 with padding and without line breaks (RFC 4648 section 4)"))
        return None
    kind = given.content_type or _TYPES.guess_type(given.filename)[0] or _UNKNOWN_TYPE
    return Attachment(given.filename, content, kind, given.content_id or "")


def _unsaid(told: Faults, more: Iterable[FieldError]) -> list[FieldError]:
    """Those of ``more`` that do not follow from what was told: a faulty part counts as absent, and so may be missed."""
    paths = [fault.path for fault in told]
    content = any(path in _CONTENT for path in paths)
    return [
        fault for fault in more if not any(path.startswith(fault.path or "\0") for path in paths) and (fault.path or not content)
    ]


def _one_a_path(faults: Faults) -> list[FieldError]:
    """The first thing said about each path, at most a hundred of them."""
    first: dict[str, FieldError] = {}
    for fault in faults:
        first.setdefault(fault.path, fault)
    return list(first.values())[:100]
