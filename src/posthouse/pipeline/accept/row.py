"""From a message that is ready to the row that is stored and the reply to its caller. Pure.

Must never know: keys, clocks, the database. What is sealed comes sealed, ids and the flow's number are given.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from posthouse.mail.address import needs_smtputf8
from posthouse.mail.content_identity import identity
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.content_verdict import ContentKind, ContentVerdict
from posthouse.model.delivery import DeliveryState, message_status
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.model.message_type import Keep
from posthouse.model.queue import QueueFlag
from posthouse.model.send_request import Accepted, AcceptedDelivery, Warning
from posthouse.pipeline.accept.message import AdmittedMessage, LinkedContent
from posthouse.policy.accept import dedupe
from posthouse.policy.accept.admit import Admission, Recipient
from posthouse.policy.accept.dedupe import TemplateContent

BRIEF_IF_DUE_WITHIN: Final = timedelta(days=5)  # brief content is dropped after a week


class SealedParts(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored sealed, under the key ``key_id``. ``variables``: None where they are not kept."""

    key_id: int
    subject: bytes
    content: bytes
    variables: bytes | None


class Ingredients(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a row is built from. ``warnings``: all of them, in order; ``event_ids``: one for each recipient."""

    message: AdmittedMessage
    links: LinkedContent
    content: Content
    sealed: SealedParts
    verdict: ContentVerdict | None
    warnings: tuple[Warning, ...]
    flow: int
    event_ids: tuple[UUID, ...]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A row ready to be stored, the reply once it is, and what they were built from. ``size`` in bytes."""

    row: MessageRow
    accepted: Accepted
    message: AdmittedMessage
    links: LinkedContent
    size: int
    verdict: ContentVerdict | None


def build_draft(given: Ingredients) -> Draft:
    """The row and the reply."""
    accepted = _accepted(given)
    return Draft(
        row=_row(given, accepted),
        accepted=accepted,
        message=given.message,
        links=given.links,
        size=len(given.content.head) + len(given.content.body),
        verdict=given.verdict,
    )


def keeps_variables(message: AdmittedMessage) -> bool:
    """True for records that can be rendered again years later: a template's variables are kept with them."""
    return message.admission.type.keep is Keep.RECORD and message.parts.variables is not None


def _accepted(given: Ingredients) -> Accepted:
    admission = given.message.admission
    deliveries = tuple(
        AcceptedDelivery(
            recipient.mailbox.address,
            "suppressed" if position in admission.suppressed else "queued",
            admission.suppressed.get(position),
        )
        for position, recipient in enumerate(admission.recipients)
    )
    return Accepted(
        id=ids.text("msg", given.message.id),
        status=message_status([DeliveryState(delivery.status) for delivery in deliveries]).value,
        deliver_by=admission.deliver_by,
        duplicate=False,
        deliveries=deliveries,
        warnings=given.warnings,
    )


def _row(given: Ingredients, accepted: Accepted) -> MessageRow:
    message, sealed = given.message, given.sealed
    caller, request, admission, parts = message.caller, message.request, message.admission, message.parts
    return MessageRow(
        tenant=caller.tenant,
        environment=int(caller.environment),
        id=message.id,
        type=admission.type.name,
        parent=admission.type.parent,
        stream=admission.stream,
        keep=int(_keep(admission, message.now)),
        header_from=admission.sender.address,
        header_domain=admission.sender.domain,
        created_at=message.now,
        occurred_at=request.occurred_at,
        send_at=request.send_at,
        since=admission.since,
        due=admission.due,
        deliver_by=admission.deliver_by,
        deadline=admission.deadline,
        expires_at=admission.expires_at,
        dedupe_key=request.dedupe_key,
        dedupe_until=message.now + admission.type.dedupe_window,
        fingerprint=b"" if request.dedupe_key is None else _fingerprint(message),
        supersedes=request.supersedes,
        template=None if parts.template is None else parts.template.name,
        template_version=None if parts.template is None else parts.template.version,
        locale=parts.locale,
        tags=request.tags,
        metadata=request.metadata,
        tracking=given.links.tracking,
        credential=caller.credential,
        door=caller.door,
        reply=accepted,
        key_id=sealed.key_id,
        subject=sealed.subject,
        sealed=sealed.content,
        variables=sealed.variables,
        lane=int(admission.lane),
        flow=given.flow,
        deliveries=_deliveries(given),
    )


def _deliveries(given: Ingredients) -> tuple[DeliveryRow, ...]:
    admission = given.message.admission
    commercial = given.verdict is not None and given.verdict.kind is ContentKind.COMMERCIAL
    flags = QueueFlag.TLS_REQUIRED if given.message.request.tls == "required" else 0
    if not given.content.head.isascii() or needs_smtputf8(admission.sender):
        flags |= QueueFlag.SMTPUTF8
    return tuple(
        DeliveryRow(
            position=position,
            recipient=recipient.mailbox.address,
            role=int(recipient.role),
            site=recipient.mailbox.domain,
            flags=None if position in admission.suppressed else flags | _recipient_flags(recipient),
            reason=admission.suppressed.get(position),
            event_id=event_id,
            suppression=admission.evidence.get(position),
            content=ContentKind.COMMERCIAL.value if commercial else None,
        )
        for position, (recipient, event_id) in enumerate(zip(admission.recipients, given.event_ids, strict=True))
    )


def _recipient_flags(recipient: Recipient) -> int:
    simulator = QueueFlag.SIMULATOR if recipient.simulator else 0
    return simulator | (QueueFlag.SMTPUTF8 if needs_smtputf8(recipient.mailbox) else 0)


def _fingerprint(message: AdmittedMessage) -> bytes:
    """Of what the caller gave: a template with its variables, a submitted entity, or text, HTML and files."""
    request, admission, parts = message.request, message.admission, message.parts
    content: bytes | TemplateContent
    if parts.template is not None:
        content = TemplateContent(parts.template.name, parts.template.version, parts.locale, request.variables or {})
    elif request.identity is not None:
        content = request.identity
    else:
        content = identity(admission.sender.address, parts.subject, request.text, request.html, request.attachments)
    return dedupe.fingerprint(admission.sender, [recipient.mailbox for recipient in admission.recipients], content)


def _keep(admission: Admission, now: datetime) -> Keep:
    """How long content is kept: content that would be dropped before or soon after it is due is kept for the standard time."""
    late = admission.due is not None and admission.due > now + BRIEF_IF_DUE_WITHIN
    return Keep.STANDARD if late and admission.type.keep is Keep.BRIEF else admission.type.keep
