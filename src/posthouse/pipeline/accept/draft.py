"""From a request to the row that is stored: resolved, rendered, made into bytes, sealed.

What is stored is what is sent: the MIME structure, the header fields and the body's digest are made here, once, and
only what the first attempt fixes (Date, signatures) is added later. Nothing here waits but for cached facts.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from posthouse.mail.address import needs_smtputf8
from posthouse.mail.content_identity import identity
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.delivery import DeliveryState, message_status
from posthouse.model.limits import CONTRACT, Limits
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.model.message_type import Keep, MessageClass
from posthouse.model.queue import QueueFlag
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Accepted, AcceptedDelivery, Caller, FieldError, Rejection, SendRequest, Warning
from posthouse.model.stream import Stream
from posthouse.model.suppression import Ruling, SuppressionFact
from posthouse.model.template import TemplateVersion
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.branding import branded, declares_brand
from posthouse.pipeline.accept.content import RenderedParts, build_content, digest_of, parts_of_request
from posthouse.pipeline.accept.content_policy import ContentPolicy, check_content, commercial_lacks
from posthouse.pipeline.accept.links import LinkBuilder, LinkedContent
from posthouse.pipeline.accept.suppression import SuppressionFacts, SuppressionLookup
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.render.renderer import InProcessRenderer, Renderer
from posthouse.policy.accept import admit, dedupe
from posthouse.policy.accept.admit import Admission, AdmissionFacts, Recipient
from posthouse.policy.accept.dedupe import TemplateContent
from posthouse.policy.accept.unrendered_tags import unrendered_tags
from posthouse.policy.content import ContentKind, ContentVerdict
from posthouse.policy.types import BY_NAME, OwnTypes
from posthouse.store.messages.contents import seal_content
from posthouse.store.seal import Sealer

BRIEFLY: Final = timedelta(days=5)  # brief content lives a week; what is due later is kept longer


class Draft(msgspec.Struct, frozen=True):
    """A row ready to be stored, what the caller is answered once it is, and the terms and words behind it. ``size`` in bytes."""

    row: MessageRow
    accepted: Accepted
    admission: Admission
    worded: RenderedParts
    size: int
    verdict: ContentVerdict | None = None

    @property
    def alarms(self) -> tuple[tuple[SuppressionFact, Ruling], ...]:
        """What operations should hear of once it is stored."""
        return self.admission.alarms


class MessageBuilder:
    """One per process."""

    def __init__(
        self, *, facts: TenantFacts, sealer: Sealer, entropy: Entropy, routes: tuple[RouteFact, ...], lists: SuppressionLookup | None = None,
        renders: Renderer | None = None, linker: LinkBuilder | None = None, limits: Limits = CONTRACT,
    ) -> None:  # fmt: skip
        """``facts`` answers what the store knows of a tenant, from a short memory; ``lists`` who is suppressed.

        ``renders`` renders templates; left out, this process does. ``linker`` makes our links; left out, mails carry none.
        """
        self._lists = lists
        self._facts = facts
        self._sealer = sealer
        self._entropy = entropy
        self._routes = routes
        self._renders: Renderer = renders or InProcessRenderer()
        self._linker = linker
        self._limits = limits
        self._judge = ContentPolicy()

    @property
    def facts(self) -> TenantFacts:
        """What is remembered, for whoever changes it."""
        return self._facts

    @property
    def routes(self) -> tuple[RouteFact, ...]:
        """The ways out that are configured, in order."""
        return self._routes

    async def known(self, caller: Caller, requests: Iterable[SendRequest]) -> SuppressionFacts:
        """What the lists say of everybody these are for: one look for all of them. Errors: what Postgres raises."""
        if self._lists is None:
            return SuppressionFacts()
        people = [to.address for request in requests for to in (*request.to, *request.cc, *request.bcc)]
        return await self._lists.of(caller.tenant, int(caller.environment), people)

    async def tell_of_lockouts(self, drafted: Draft) -> None:
        """Tell operations that somebody is locked out; not for a dry run."""
        row = drafted.row
        for entry, ruling in drafted.alarms:
            if self._lists is not None:
                await self._lists.lockouts(row.tenant, row.environment, row.type, row.stream, entry, ruling)

    async def draft(
        self, caller: Caller, request: SendRequest, now: datetime, known: SuppressionFacts | None = None
    ) -> Draft | Rejection:
        """The row for a request, or why it is not taken. ``known``: what was asked of the lists already."""
        known = known or await self.known(caller, (request,))
        template = await self._template(caller, request)
        if isinstance(template, Rejection):
            return template
        admission = await self._admission(caller, request, template, known, now)
        if isinstance(admission, Rejection):
            return admission
        worded = parts_of_request(request) if template is None else await self._rendered(caller, request, template)
        if isinstance(worded, Rejection):
            return worded
        stream = await self._facts.stream(caller.tenant, admission.stream)
        found = check_content(self._judge, caller.tenant, request, admission, worded, stream)
        if isinstance(found, Rejection):
            return found
        new = self._entropy.new_id(now)
        linked = await self._linked(caller, request, admission, worded, stream, new)
        if isinstance(linked, Rejection):
            return linked
        admission, worded, head = linked
        told = (*found.warnings, *(_left_over(request) if template is None else ()))
        if told:
            admission = msgspec.structs.replace(admission, warnings=(*admission.warnings, *told))
        content = build_content(request, admission, worded, caller, new, head)
        if len(content.head) + len(content.body) > self._limits.message_bytes:
            return Rejection(
                "too_large", f"the message has {len(content.body):,} bytes encoded; the limit is {self._limits.message_bytes:,}"
            )
        flow = await self._facts.flow(caller.tenant, int(caller.environment), admission.stream)
        return self._drafted(caller, request, admission, worded, content, new, flow, now, found.verdict)

    async def _template(self, caller: Caller, request: SendRequest) -> TemplateVersion | Rejection | None:
        if request.template is None:
            return None
        return await self._facts.templates.find(caller.tenant, request.template, request.template_version)

    async def _rendered(self, caller: Caller, request: SendRequest, template: TemplateVersion) -> RenderedParts | Rejection:
        variables = request.variables or {}
        if declares_brand(template):
            variables = branded(variables, await self._facts.brand(caller.tenant))
        rendered = await self._renders.render(template, variables, request.locale)
        if isinstance(rendered, tuple):
            first: FieldError = rendered[0]
            return Rejection("variable_invalid", f"{first.path}: {first.message}", rendered)
        return RenderedParts(
            rendered.subject, rendered.html, rendered.text, template=template, locale=rendered.locale, variables=variables,
            digest=digest_of(rendered),
        )  # fmt: skip

    async def _linked(
        self, caller: Caller, request: SendRequest, admission: Admission, worded: RenderedParts, stream: Stream, new: UUID
    ) -> tuple[Admission, RenderedParts, bytes] | Rejection:
        """With our links in it, and the fields they add; ``worded.digest`` stays that of what was rendered."""
        linked: LinkedContent | Rejection = LinkedContent(html=worded.html, tracking=admission.tracking)
        if self._linker is not None:
            linked = self._linker.link(caller, request, admission, stream, worded.html, new)
        if isinstance(linked, Rejection):
            return linked
        if admission.type.message_class is MessageClass.COMMERCIAL:
            brand = await self._facts.brand(caller.tenant)
            lacking = commercial_lacks(request, admission, worded, stream, brand.postal_address, linked.warnings)
            if isinstance(lacking, Rejection):
                return lacking
            linked = msgspec.structs.replace(linked, warnings=(*linked.warnings, *lacking))
        if linked.warnings or linked.tracking != admission.tracking:
            warnings = (*admission.warnings, *linked.warnings)
            admission = msgspec.structs.replace(admission, tracking=linked.tracking, warnings=warnings)
        if linked.html is not worded.html:
            worded = msgspec.structs.replace(worded, html=linked.html)
        return admission, worded, linked.head

    async def _admission(
        self, caller: Caller, request: SendRequest, template: TemplateVersion | None, known: SuppressionFacts, now: datetime
    ) -> Admission | Rejection:
        tenant = await self._facts.tenant(caller.tenant)
        template_type = None if template is None else template.type
        wanted = admit.wanted_type(request, caller, template_type)
        own: OwnTypes = {} if wanted in BY_NAME else await self._facts.own_types(caller.tenant, wanted)
        stream = admit.stream_of(request, caller, template_type, own)
        sender = (
            request.sender or (None if template is None else template.sender) or await self._facts.sender(caller.tenant, stream)
        )
        domain = None if sender is None else await self._facts.domain(caller.tenant, sender.domain)
        facts = AdmissionFacts(
            domain=domain, routes=self._routes, default_from=sender, reply_to=tenant.reply_to, template_type=template_type, types=own,
            suppressions=known.entries, legal_passes_security=known.legal_passes_security, limits=self._limits,
        )  # fmt: skip
        answers = await self._facts.reply_to(caller.tenant, stream)
        if answers:
            facts = msgspec.structs.replace(facts, stream_reply_to=answers)
        return admit.resolve(request, caller, facts, now)

    def _drafted(
        self, caller: Caller, request: SendRequest, admission: Admission, worded: RenderedParts, content: Content, new: UUID, flow: int,
        now: datetime, verdict: ContentVerdict | None,
    ) -> Draft:  # fmt: skip
        accepted = _accepted(new, admission)
        kept = admission.type.keep is Keep.RECORD and worded.variables is not None
        row = MessageRow(
            tenant=caller.tenant, environment=int(caller.environment), id=new, type=admission.type.name, stream=admission.stream,
            keep=int(_keep(admission, now)), header_from=admission.sender.address, header_domain=admission.sender.domain,
            created_at=now, occurred_at=request.occurred_at, send_at=request.send_at, deliver_by=admission.deliver_by,
            expires_at=admission.expires_at, dedupe_key=request.dedupe_key, supersedes=request.supersedes,
            fingerprint=_fingerprint(request, admission, worded) if request.dedupe_key is not None else b"",
            dedupe_until=now + admission.type.dedupe_window, template=None if worded.template is None else worded.template.name,
            template_version=None if worded.template is None else worded.template.version, locale=worded.locale, tags=request.tags,
            metadata=request.metadata, tracking=admission.tracking, credential=caller.credential, door=caller.door, reply=accepted,
            key_id=self._sealer.key_id, subject=self._sealer.seal(worded.subject.encode(), new.bytes),
            sealed=seal_content(self._sealer, content, new.bytes),
            variables=self._sealer.seal(msgspec.json.encode((worded.digest.hex(), worded.variables)), new.bytes) if kept else None,
            lane=int(admission.lane), parent=admission.type.parent, flow=flow, deadline=admission.deadline, due=admission.due, since=admission.since,
            deliveries=self._deliveries(request, admission, content, now, verdict),
        )  # fmt: skip
        return Draft(row, accepted, admission, worded, len(content.head) + len(content.body), verdict)

    def _deliveries(
        self, request: SendRequest, admission: Admission, content: Content, now: datetime, verdict: ContentVerdict | None
    ) -> tuple[DeliveryRow, ...]:
        told = verdict.kind.value if verdict is not None and verdict.kind is ContentKind.COMMERCIAL else None
        base = QueueFlag.TLS_REQUIRED if request.tls == "required" else 0
        if not content.head.isascii() or needs_smtputf8(admission.sender):
            base |= QueueFlag.SMTPUTF8
        return tuple(
            DeliveryRow(
                position=position, recipient=to.mailbox.address, role=int(to.role), site=to.mailbox.domain,
                flags=None if position in admission.suppressed else base | _flags(to), reason=admission.suppressed.get(position),
                event_id=self._entropy.new_id(now), suppression=admission.evidence.get(position), content=told,
            )
            for position, to in enumerate(admission.recipients)
        )  # fmt: skip


def _left_over(request: SendRequest) -> tuple[Warning, ...]:
    """What is told of tags of a template in what the request says itself."""
    text, html = (request.text, request.html) if request.content is None else request.words
    return unrendered_tags(request.subject, html, text)


def _fingerprint(request: SendRequest, admission: Admission, worded: RenderedParts) -> bytes:
    said: bytes | TemplateContent
    if worded.template is not None:
        said = TemplateContent(worded.template.name, worded.template.version, worded.locale, request.variables or {})
    elif request.identity is not None:
        said = request.identity
    else:
        said = identity(admission.sender.address, worded.subject, request.text, request.html, request.attachments)
    return dedupe.fingerprint(admission.sender, [to.mailbox for to in admission.recipients], said)


def _accepted(new: UUID, admission: Admission) -> Accepted:
    deliveries = tuple(
        AcceptedDelivery(
            to.mailbox.address, "suppressed" if position in admission.suppressed else "queued", admission.suppressed.get(position)
        )
        for position, to in enumerate(admission.recipients)
    )
    status = message_status([DeliveryState(delivery.status) for delivery in deliveries])
    return Accepted(
        id=ids.text("msg", new), status=status.value, deliver_by=admission.deliver_by, duplicate=False, deliveries=deliveries,
        warnings=admission.warnings,
    )  # fmt: skip


def _keep(admission: Admission, now: datetime) -> Keep:
    late = admission.due is not None and admission.due > now + BRIEFLY
    return Keep.STANDARD if late and admission.type.keep is Keep.BRIEF else admission.type.keep


def _flags(to: Recipient) -> int:
    return (QueueFlag.SIMULATOR if to.simulator else 0) | (QueueFlag.SMTPUTF8 if needs_smtputf8(to.mailbox) else 0)
