"""May this be taken, and on what terms? Request, caller and facts give an admission, or the rejection that says why.

In order: what is wrong with the request (all of it at once, ``form`` and ``schedule``), what its declared type forbids
(P2), whether its author may be used where the mail goes (``sender``), whether there is a way out (``route``), and
which of its recipients may be written to (``suppress``). A recipient that may not is no error: it is answered as
suppressed, with its reason. What is left out is filled here and nowhere else: type, stream, author, Reply-To, times.

Known sharp edges: somebody named twice is written to once, in the first role named. A commercial type without a stream
goes to ``marketing``, unless the credential has a stream of its own; on ``transactional`` it is refused. A submitted
message that has a Reply-To keeps it; where ``reply_to`` is filled for one that has none, intake adds the field.

Must never know: how anything is stored, what the content says (``content`` judges that), the network.
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
from posthouse.policy.accept.schedule import Moments, moments
from posthouse.policy.accept.sender import disguised, gate, has_reply_to, is_no_reply
from posthouse.policy.deliver import simulate
from posthouse.policy.deliver.route import leaves_installation, stays_in_inbox
from posthouse.policy.recipients import suppress
from posthouse.policy.types import OwnTypes

TRANSACTIONAL: Final = "transactional"
MARKETING: Final = "marketing"
NO_ROUTE_RETRY: Final = 60


class RecipientRole(IntEnum):
    """Where a recipient was named."""

    TO = 0
    CC = 1
    BCC = 2


class Recipient(msgspec.Struct, frozen=True):
    """One delivery; its place among the recipients is its position. ``simulator``: the answer is made up here (X2)."""

    mailbox: Mailbox
    role: RecipientRole
    simulator: bool


class AdmissionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known besides the request. ``domain``: the tenant's domain of the author's name (``author`` says whose).

    ``types``: those that the tenant made. ``stream_reply_to``: whom to answer for mail of that stream; ``suppressions``: entries by address, for the recipients of
    this request; ``legal_passes_security``: the tenant's rule.
    """

    domain: SenderDomain | None
    routes: tuple[RouteFact, ...]
    default_from: Mailbox | None = None
    reply_to: tuple[Mailbox, ...] = ()
    stream_reply_to: tuple[Mailbox, ...] = ()
    template_type: str | None = None
    types: OwnTypes = {}
    suppressions: Mapping[str, Sequence[SuppressionFact]] = {}
    legal_passes_security: bool = False
    limits: Limits = CONTRACT


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """The terms on which a message is taken. ``suppressed``: position to reason. ``tracking``: bit 0 opens, bit 1 clicks.

    ``evidence``: position to the entry (``sup_…``) behind a suppression. ``alarms``: rulings that operations should hear of.
    The moments are those of ``schedule.Moments``.
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


def author(request: SendRequest, default_from: Mailbox | None) -> Mailbox | None:
    """The header from a request will have: its own, else its template's, stream's or tenant's; whose domain the facts are about."""
    return request.sender if request.sender is not None else default_from


def resolve(request: SendRequest, caller: Caller, facts: AdmissionFacts, now: datetime) -> Admission | Rejection:
    """The terms for a request accepted at ``now``, or why it is not taken (a code of the contract's list)."""
    if request_rules.estimate(request) > facts.limits.message_bytes:
        return Rejection("too_large", f"The message would have more than {size(facts.limits.message_bytes)}.")
    errors = list(request_rules.check(request, facts.limits))
    type = _type(wanted_type(request, caller, facts.template_type), facts.types)
    if isinstance(type, FieldError):
        errors.append(type)
    timed = moments(request, types.BY_NAME[types.DEFAULT] if isinstance(type, FieldError) else type, now, facts.limits.send_ahead)
    if not isinstance(timed, Moments):
        errors.extend(timed)
    sender = author(request, facts.default_from)
    if sender is None:
        errors.append(FieldError("from", "is required: neither the request nor its template, stream or tenant names a sender"))
    if errors or sender is None or isinstance(type, FieldError) or not isinstance(timed, Moments):
        return Rejection("validation_failed", _summary(errors), tuple(errors))
    stream = _stream(request, caller, type)
    people = _people(request)
    mask = disguised(sender, type.message_class)
    refused = _misplaced(type, stream) or (mask if isinstance(mask, Rejection) else _no_way(people, sender, caller, facts))
    if refused is not None:
        return refused
    told = (mask,) if isinstance(mask, Warning) else ()
    return _admission(request, facts, type=type, stream=stream, sender=sender, people=people, timed=timed, told=told)


def _admission(
    request: SendRequest,
    facts: AdmissionFacts,
    *,
    type: MessageType,
    stream: str,
    sender: Mailbox,
    people: tuple[Recipient, ...],
    timed: Moments,
    told: tuple[Warning, ...],
) -> Admission:
    reply_to, unanswered = _reply_to(request, sender, facts)
    tracking, untracked = _tracking(request, type)
    judged = _judged(people, type.message_class, stream, facts)
    blocked = {at: entry for at, (entry, ruling) in judged.items() if ruling.answer is SuppressionAnswer.BLOCK}
    evidence = {at: entry.id for at, entry in blocked.items() if entry.id}
    return Admission(
        type=type,
        stream=stream,
        lane=type.lane,
        sender=sender,
        reply_to=reply_to,
        recipients=people,
        suppressed={at: entry.cause.value for at, entry in blocked.items()},
        since=timed.since,
        due=timed.due,
        deliver_by=timed.deliver_by,
        deadline=timed.deadline,
        expires_at=timed.expires_at,
        tracking=tracking,
        warnings=(*told, *timed.warnings, *unanswered, *untracked, *_unwritten(evidence, blocked)),
        evidence=evidence,
        alarms=tuple(found for found in judged.values() if found[1].alarm),
    )


def _summary(errors: list[FieldError]) -> str:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    said = f"{first.path or 'The request'} {first.message}{more}"
    return said if said.endswith(("?", ".")) else f"{said}."


def stream_of(request: SendRequest, caller: Caller, template_type: str | None, own: OwnTypes | None = None) -> str:
    """The stream a request goes out on, for whoever looks up its settings; of one with an unknown type, which is refused, any."""
    type = _type(wanted_type(request, caller, template_type), own or {})
    return _stream(request, caller, types.BY_NAME[types.DEFAULT] if isinstance(type, FieldError) else type)


def class_of(request: SendRequest, caller: Caller, template_type: str | None, own: OwnTypes) -> MessageClass:
    """Why a request is made, for whoever counts it before it is judged; one with an unknown type, which is refused, counts as usual."""
    type = _type(wanted_type(request, caller, template_type), own)
    return MessageClass.TRANSACTIONAL if isinstance(type, FieldError) else type.message_class


def wanted_type(request: SendRequest, caller: Caller, template_type: str | None) -> str:
    """The name of the request's type, else the template's, else the credential's, else the default."""
    of_template = template_type if request.template is not None else None
    return request.type or of_template or caller.default_type or types.DEFAULT


def _type(name: str, own: OwnTypes) -> MessageType | FieldError:
    return types.BY_NAME.get(name) or own.get(name) or FieldError("type", types.unknown(name, own))


def _stream(request: SendRequest, caller: Caller, type: MessageType) -> str:
    usual = MARKETING if type.message_class is MessageClass.COMMERCIAL else TRANSACTIONAL
    return request.stream or caller.default_stream or usual


def _misplaced(type: MessageType, stream: str) -> Rejection | None:
    if type.message_class is not MessageClass.COMMERCIAL or stream != TRANSACTIONAL:
        return None
    return Rejection(
        "content_refused",
        f"A {type.name} is commercial, whatever it contains, and may not go out on the stream '{TRANSACTIONAL}'. "
        f"Send it on the stream '{MARKETING}'.",
        (FieldError("stream", f"must not be '{TRANSACTIONAL}' for the type {type.name}: use '{MARKETING}'"),),
    )


def _people(request: SendRequest) -> tuple[Recipient, ...]:
    """Everybody once, in the first role named."""
    found: dict[str, Recipient] = {}
    for role, mailboxes in ((RecipientRole.TO, request.to), (RecipientRole.CC, request.cc), (RecipientRole.BCC, request.bcc)):
        for mailbox in mailboxes:
            found.setdefault(mailbox.address, Recipient(mailbox, role, mailbox.domain == simulate.DOMAIN))
    return tuple(found.values())


def _no_way(people: tuple[Recipient, ...], sender: Mailbox, caller: Caller, facts: AdmissionFacts) -> Rejection | None:
    """The domain gate, and whether there is a route at all, for those who do not stay in the inbox."""
    travelling = [person for person in people if not stays_in_inbox(caller.environment, simulator=person.simulator)]
    if travelling and not facts.routes:
        return Rejection("no_route", "No route is configured, so nothing can leave.", retry_after=NO_ROUTE_RETRY)
    if travelling and leaves_installation(facts.routes, caller.environment, simulator=False):
        return gate(sender, facts.domain)
    return None


def _judged(
    people: tuple[Recipient, ...], message_class: MessageClass, stream: str, facts: AdmissionFacts
) -> dict[int, tuple[SuppressionFact, Ruling]]:
    """What the lists say of each recipient of whom they say anything, by position."""
    found = {}
    for position, person in enumerate(people):
        entries: Sequence[SuppressionFact] = facts.suppressions.get(person.mailbox.address, ()) if facts.suppressions else ()
        if person.simulator and person.mailbox.local.partition("+")[0].lower() == simulate.SUPPRESSED:
            entries = (*entries, SuppressionFact(cause=Cause.SIMULATED))
        judged = suppress.judge(entries, message_class, stream, legal_passes_security=facts.legal_passes_security)
        if judged is not None:
            found[position] = judged
    return found


def _unwritten(evidence: dict[int, str], blocked: dict[int, SuppressionFact]) -> tuple[Warning, ...]:
    """Where the evidence stands of each recipient that is not written to."""
    return tuple(
        Warning(
            "suppressed", f"not written to ({blocked[at].cause.value}); GET /v1/suppressions/{id} tells why", f"deliveries[{at}]"
        )
        for at, id in evidence.items()
    )


def _reply_to(request: SendRequest, sender: Mailbox, facts: AdmissionFacts) -> tuple[tuple[Mailbox, ...], tuple[Warning, ...]]:
    """Whom to answer: the caller's, else the stream's, or for an author that reads no answers the tenant's, or a warning."""
    if request.reply_to or _answers_itself(request):
        return request.reply_to, ()
    if facts.stream_reply_to or not is_no_reply(sender):
        return facts.stream_reply_to, ()
    if facts.reply_to:
        return facts.reply_to, ()
    return (), (
        Warning(
            "no_reply_to", f"{sender.address} reads no answers and no Reply-To is set: people will answer anyway.", "replyTo"
        ),
    )


def _answers_itself(request: SendRequest) -> bool:
    if request.content is not None:
        return has_reply_to(request.content.head)
    return any(name.lower() == "reply-to" for name in request.headers or ())


def _tracking(request: SendRequest, type: MessageType) -> tuple[int, tuple[Warning, ...]]:
    asked = bool(request.track_opens) | bool(request.track_clicks) << 1
    if asked and type.tracking is Tracking.NEVER:
        return 0, (Warning("tracking_off", f"A {type.name} is never tracked.", "tracking"),)
    return asked, ()
