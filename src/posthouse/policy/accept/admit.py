"""May this be accepted, and on what terms? Request, caller and facts give an admission, or the rejection that says why.

In order: everything that is wrong with the request, all of it at once (``request_rules``, ``schedule``), what its declared
type forbids (P2), whether its From may be used where the mail goes (``sender``), whether there is a route (``route``), and
which of its recipients may be written to (``suppress``). A recipient that may not is no error: it is answered as
suppressed, with its reason. What a request leaves out is filled here and nowhere else: type, stream, From, Reply-To, times.

``resolve_type_and_stream`` comes first and once per request, because the stream's settings are among the facts.

Known sharp edges: an address named twice is written to once, in the first role named. A commercial type without a stream
goes to ``marketing``, unless the credential has a stream of its own; on ``transactional`` it is refused. A submitted
message that has a Reply-To keeps it; where ``reply_to`` is filled for one that has none, intake adds the field.

Must never know: how anything is stored, what the content is about (``content`` decides that), the network.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Final

import msgspec

from posthouse.model.domain import SenderDomain
from posthouse.model.limits import CONTRACT, Limits, size
from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import Lane, MessageClass, MessageType, Tracking
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, FieldError, Rejection, SendRequest, Warning
from posthouse.model.suppression import Cause, Ruling, SuppressionAnswer, SuppressionFact
from posthouse.policy import types
from posthouse.policy.accept import request_rules
from posthouse.policy.accept.schedule import Schedule, schedule
from posthouse.policy.accept.sender import check_display_name, check_domain, has_reply_to, is_no_reply
from posthouse.policy.deliver import simulate
from posthouse.policy.deliver.route import leaves_installation, stays_in_inbox
from posthouse.policy.recipients import suppress
from posthouse.policy.types import OwnTypes

TRANSACTIONAL: Final = "transactional"
MARKETING: Final = "marketing"
NO_ROUTE_RETRY: Final = 60  # seconds


class RecipientRole(IntEnum):
    """Where a recipient was named."""

    TO = 0
    CC = 1
    BCC = 2


class Recipient(msgspec.Struct, frozen=True):
    """One delivery; its index among the recipients is its position. ``simulator``: the outcome is simulated (X2)."""

    mailbox: Mailbox
    role: RecipientRole
    simulator: bool


class TypeAndStream(msgspec.Struct, frozen=True):
    """What a request is sent as. ``type`` is the error where its name is unknown; ``stream`` is then that of the default type."""

    type: MessageType | FieldError
    stream: str

    @property
    def message_class(self) -> MessageClass:
        """Why the message is sent; of an unknown type, which is refused, transactional."""
        return MessageClass.TRANSACTIONAL if isinstance(self.type, FieldError) else self.type.message_class


class AdmissionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known besides the request.

    ``domain``: the tenant's domain of the name in From. ``default_from``: who the mail is from where the request does not say
    (its template's, stream's or tenant's). ``reply_to``: the tenant's; ``stream_reply_to``: the stream's. ``stream_error``: that
    the tenant has no such stream.
    ``suppressions``: entries by address, for the recipients of this request; ``legal_passes_security``: the tenant's rule.
    """

    type_and_stream: TypeAndStream
    domain: SenderDomain | None
    routes: tuple[RouteFact, ...]
    default_from: Mailbox | None = None
    reply_to: tuple[Mailbox, ...] = ()
    stream_reply_to: tuple[Mailbox, ...] = ()
    stream_error: FieldError | None = None
    suppressions: Mapping[str, Sequence[SuppressionFact]] = {}
    legal_passes_security: bool = False
    limits: Limits = CONTRACT


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """The terms on which a message is accepted; decided once, never rewritten.

    ``suppressed``: position to reason. ``evidence``: position to the entry (``sup_…``) behind a suppression. ``alarms``: rulings
    that operations should know of. ``tracking``: what the request asks for and its type allows, bit 0 opens, bit 1 clicks.
    The times are those of ``schedule.Schedule``.
    """

    type: MessageType
    stream: str
    lane: Lane
    sender: Mailbox
    reply_to: tuple[Mailbox, ...]
    recipients: tuple[Recipient, ...]
    suppressed: dict[int, str]
    since: datetime
    due: datetime | None
    deliver_by: datetime | None
    deadline: datetime
    expires_at: datetime
    tracking: int = 0
    warnings: tuple[Warning, ...] = ()
    evidence: dict[int, str] = {}
    alarms: tuple[tuple[SuppressionFact, Ruling], ...] = ()


def type_name(request: SendRequest, caller: Caller, template_type: str | None) -> str:
    """The name of the request's type, else its template's, else the credential's, else the default."""
    of_template = template_type if request.template is not None else None
    return request.type or of_template or caller.default_type or types.DEFAULT


def resolve_type_and_stream(
    request: SendRequest, caller: Caller, template_type: str | None, own_types: OwnTypes
) -> TypeAndStream:
    """What a request is sent as. ``own_types``: the tenant's; needed only for a name that is not built in."""
    name = type_name(request, caller, template_type)
    type = types.BY_NAME.get(name) or own_types.get(name) or FieldError("type", types.unknown(name, own_types))
    commercial = not isinstance(type, FieldError) and type.message_class is MessageClass.COMMERCIAL
    return TypeAndStream(type, request.stream or caller.default_stream or (MARKETING if commercial else TRANSACTIONAL))


class _Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A request in which nothing is wrong by itself, with what it leaves out filled in."""

    request: SendRequest
    type: MessageType
    stream: str
    sender: Mailbox
    schedule: Schedule
    recipients: tuple[Recipient, ...]


def resolve(request: SendRequest, caller: Caller, facts: AdmissionFacts, now: datetime) -> Admission | Rejection:
    """The terms for a request accepted at ``now``, or why it is not accepted (a code of the contract's list)."""
    terms = _check_request(request, facts, now)
    if isinstance(terms, Rejection):
        return terms
    display_name = check_display_name(terms.sender, terms.type.message_class)
    rejection = _check_stream(terms.type, terms.stream)
    if rejection is None:
        rejection = display_name if isinstance(display_name, Rejection) else _check_route(terms, caller, facts)
    if rejection is not None:
        return rejection
    return _admit(terms, facts, (display_name,) if isinstance(display_name, Warning) else ())


def check_rules(
    request: SendRequest, type: MessageType | FieldError, now: datetime, limits: Limits
) -> Schedule | tuple[FieldError, ...]:
    """The times of a request in which nothing is wrong by itself, or everything that is wrong with it.

    ``type``: what it is sent as, or the error where its name is unknown; times are then checked as the default type's.
    """
    errors = list(request_rules.check(request, limits))
    if isinstance(type, FieldError):
        errors.append(type)
    times = schedule(request, types.BY_NAME[types.DEFAULT] if isinstance(type, FieldError) else type, now, limits.send_ahead)
    if not isinstance(times, Schedule):
        errors.extend(times)
    return times if isinstance(times, Schedule) and not errors else tuple(errors)


def _check_request(request: SendRequest, facts: AdmissionFacts, now: datetime) -> _Terms | Rejection:
    """Everything that is wrong with the request, in one rejection."""
    if request_rules.estimate_size(request) > facts.limits.message_bytes:
        return Rejection("too_large", f"The message would have more than {size(facts.limits.message_bytes)}.")
    type, sender = facts.type_and_stream.type, request.sender or facts.default_from
    times = check_rules(request, type, now, facts.limits)
    no_stream = facts.stream_error
    if isinstance(type, FieldError) or not isinstance(times, Schedule) or sender is None or no_stream is not None:
        errors = () if isinstance(times, Schedule) else times
        if no_stream is not None:
            errors += (no_stream,)
        if sender is None:
            errors += (FieldError("from", "is required: neither the request nor its template, stream or tenant names a sender"),)
        return Rejection("validation_failed", _summary(errors), errors)
    return _Terms(
        request=request,
        type=type,
        stream=facts.type_and_stream.stream,
        sender=sender,
        schedule=times,
        recipients=_recipients(request),
    )


def _admit(terms: _Terms, facts: AdmissionFacts, warnings: tuple[Warning, ...]) -> Admission:
    type, times = terms.type, terms.schedule
    reply_to, reply_to_warnings = _reply_to(terms, facts)
    tracking, tracking_warnings = _tracking(terms.request, type)
    rulings = _suppression_rulings(terms, facts)
    blocked = {at: entry for at, (entry, ruling) in rulings.items() if ruling.answer is SuppressionAnswer.BLOCK}
    evidence = {at: entry.id for at, entry in blocked.items() if entry.id}
    return Admission(
        type=type,
        stream=terms.stream,
        lane=type.lane,
        sender=terms.sender,
        reply_to=reply_to,
        recipients=terms.recipients,
        suppressed={at: entry.cause.value for at, entry in blocked.items()},
        since=times.since,
        due=times.due,
        deliver_by=times.deliver_by,
        deadline=times.deadline,
        expires_at=times.expires_at,
        tracking=tracking,
        warnings=(*warnings, *times.warnings, *reply_to_warnings, *tracking_warnings, *_suppressed_warnings(evidence, blocked)),
        evidence=evidence,
        alarms=tuple((entry, ruling) for entry, ruling in rulings.values() if ruling.alarm),
    )


def _summary(errors: Sequence[FieldError]) -> str:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    sentence = f"{first.path or 'The request'} {first.message}{more}"
    return sentence if sentence.endswith(("?", ".")) else f"{sentence}."


def _check_stream(type: MessageType, stream: str) -> Rejection | None:
    if type.message_class is not MessageClass.COMMERCIAL or stream != TRANSACTIONAL:
        return None
    return Rejection(
        "content_refused",
        f"A {type.name} is commercial, whatever it contains, and may not go out on the stream '{TRANSACTIONAL}'. "
        f"Send it on the stream '{MARKETING}'.",
        (FieldError("stream", f"must not be '{TRANSACTIONAL}' for the type {type.name}: use '{MARKETING}'"),),
    )


def _recipients(request: SendRequest) -> tuple[Recipient, ...]:
    """Every address once, in the first role named."""
    recipients: dict[str, Recipient] = {}
    for role, mailboxes in ((RecipientRole.TO, request.to), (RecipientRole.CC, request.cc), (RecipientRole.BCC, request.bcc)):
        for mailbox in mailboxes:
            recipients.setdefault(mailbox.address, Recipient(mailbox, role, mailbox.domain == simulate.DOMAIN))
    return tuple(recipients.values())


def _check_route(terms: _Terms, caller: Caller, facts: AdmissionFacts) -> Rejection | None:
    """Whether there is a route at all, and the check of the domain, for recipients outside the built-in inbox."""
    if all(stays_in_inbox(caller.environment, simulator=recipient.simulator) for recipient in terms.recipients):
        return None
    if not facts.routes:
        return Rejection("no_route", "No route is configured, so nothing can leave.", retry_after=NO_ROUTE_RETRY)
    if leaves_installation(facts.routes, caller.environment, simulator=False):
        return check_domain(terms.sender, facts.domain)
    return None


def _suppression_rulings(terms: _Terms, facts: AdmissionFacts) -> dict[int, tuple[SuppressionFact, Ruling]]:
    """The ruling on each recipient that has entries, by position."""
    rulings = {}
    for position, recipient in enumerate(terms.recipients):
        entries: Sequence[SuppressionFact] = facts.suppressions.get(recipient.mailbox.address, ()) if facts.suppressions else ()
        if recipient.simulator and recipient.mailbox.local.partition("+")[0].lower() == simulate.SUPPRESSED:
            entries = (*entries, SuppressionFact(cause=Cause.SIMULATED))
        if not entries:
            continue
        ruling = suppress.judge(
            entries, terms.type.message_class, terms.stream, legal_passes_security=facts.legal_passes_security
        )
        if ruling is not None:
            rulings[position] = ruling
    return rulings


def _suppressed_warnings(evidence: dict[int, str], blocked: dict[int, SuppressionFact]) -> tuple[Warning, ...]:
    """Where the evidence for each suppressed recipient is found."""
    return tuple(
        Warning(
            "suppressed", f"not written to ({blocked[at].cause.value}); GET /v1/suppressions/{id} tells why", f"deliveries[{at}]"
        )
        for at, id in evidence.items()
    )


def _reply_to(terms: _Terms, facts: AdmissionFacts) -> tuple[tuple[Mailbox, ...], tuple[Warning, ...]]:
    """The caller's Reply-To, else the stream's; for a From that reads no replies the tenant's, else a warning."""
    if terms.request.reply_to or _has_own_reply_to(terms.request):
        return terms.request.reply_to, ()
    if facts.stream_reply_to or not is_no_reply(terms.sender):
        return facts.stream_reply_to, ()
    if facts.reply_to:
        return facts.reply_to, ()
    return (), (
        Warning(
            "no_reply_to",
            f"{terms.sender.address} reads no answers and no Reply-To is set: people will answer anyway.",
            "replyTo",
        ),
    )


def _has_own_reply_to(request: SendRequest) -> bool:
    if request.content is not None:
        return has_reply_to(request.content.head)
    return any(name.lower() == "reply-to" for name in request.headers or ())


def _tracking(request: SendRequest, type: MessageType) -> tuple[int, tuple[Warning, ...]]:
    requested = bool(request.track_opens) | bool(request.track_clicks) << 1
    if requested and type.tracking is Tracking.NEVER:
        return 0, (Warning("tracking_off", f"A {type.name} is never tracked.", "tracking"),)
    return requested, ()
