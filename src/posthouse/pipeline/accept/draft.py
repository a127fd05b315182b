"""From a request to the row that is stored: admitted, rendered, checked, linked, made into bytes, sealed.

What is stored is what is sent: the MIME structure, the header fields and the body's digest are made here, once, and
only what the first attempt fixes (Date, signatures) is added later. Nothing here waits except for cached facts and for who is
suppressed. Warnings are collected beside the admission, which is decided once.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from posthouse.model.content import Content
from posthouse.model.limits import CONTRACT, Limits
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, Rejection, SendRequest
from posthouse.model.template import TemplateVersion
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.branding import declares_brand, with_brand
from posthouse.pipeline.accept.content import build_content, digest_of, parts_of_request
from posthouse.pipeline.accept.content_policy import ContentPolicy, check_commercial
from posthouse.pipeline.accept.letter import build_letter
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.pipeline.accept.message import AdmittedMessage, LinkedContent, RenderedParts
from posthouse.pipeline.accept.row import Draft, Ingredients, SealedParts, build_draft, keeps_variables
from posthouse.pipeline.accept.suppression import SuppressionFacts, SuppressionLookup
from posthouse.pipeline.accept.tenant_facts import SendFacts, TenantFacts
from posthouse.pipeline.render.renderer import InProcessRenderer, Renderer
from posthouse.policy.accept import admit, request_rules
from posthouse.policy.accept.admit import Admission, AdmissionFacts
from posthouse.policy.deliver.capabilities import takes_fields
from posthouse.store.messages.contents import seal_content
from posthouse.store.seal import Sealer


class MessageBuilder:
    """One per process."""

    def __init__(
        self,
        *,
        facts: TenantFacts,
        sealer: Sealer,
        entropy: Entropy,
        routes: tuple[RouteFact, ...],
        suppression: SuppressionLookup | None = None,
        renderer: Renderer | None = None,
        links: LinkBuilder | None = None,
        limits: Limits = CONTRACT,
    ) -> None:
        """``suppression``: left out, no recipient is suppressed. ``renderer``: left out, templates are rendered in this process.

        ``links``: left out, mail carries no links of ours.
        """
        self._suppression = suppression
        self._facts = facts
        self._sealer = sealer
        self._entropy = entropy
        self._routes = routes
        self._renderer: Renderer = renderer or InProcessRenderer()
        self._links = links
        self._limits = limits
        self._content_policy = ContentPolicy()
        self._seals_letters = any(takes_fields(route.kind) for route in routes)

    @property
    def facts(self) -> TenantFacts:
        """What is cached of tenants, for code that changes it."""
        return self._facts

    @property
    def routes(self) -> tuple[RouteFact, ...]:
        """The routes that are configured, in order."""
        return self._routes

    async def find_suppressions(self, caller: Caller, requests: Iterable[SendRequest]) -> SuppressionFacts:
        """The entries for all recipients of the requests, with one look-up. Errors: what Postgres raises."""
        if self._suppression is None:
            return SuppressionFacts()
        addresses = [to.address for request in requests for to in (*request.to, *request.cc, *request.bcc)]
        return await self._suppression.find(caller.tenant, int(caller.environment), addresses)

    async def alert_lockouts(self, draft: Draft) -> None:
        """Alert operations where a suppression locks a recipient out; not for a dry run."""
        row = draft.row
        for entry, ruling in draft.message.admission.alarms:
            if self._suppression is not None:
                await self._suppression.lockouts(row.tenant, row.environment, row.type, row.stream, entry, ruling)

    async def draft(
        self, caller: Caller, request: SendRequest, now: datetime, suppressions: SuppressionFacts | None = None
    ) -> Draft | Rejection:
        """The row for a request, or why it is not accepted. ``suppressions``: of its recipients, if known already."""
        suppressions = suppressions or await self.find_suppressions(caller, (request,))
        template = await self._find_template(caller, request)
        if isinstance(template, Rejection):
            return template
        facts = await self._facts.for_send(caller, request, template)
        admission = self._admit(caller, request, facts, suppressions, now)
        if isinstance(admission, Rejection):
            return admission
        parts = await self._render(request, template, facts)
        if isinstance(parts, Rejection):
            return parts
        return await self._complete(
            AdmittedMessage(
                id=self._entropy.new_id(now),
                now=now,
                caller=caller,
                request=request,
                facts=facts,
                admission=admission,
                parts=parts,
            )
        )

    async def _complete(self, message: AdmittedMessage) -> Draft | Rejection:
        """The draft of an admitted message: its content checked, linked, built and sealed."""
        policy = self._content_policy.check(message)
        if isinstance(policy, Rejection):
            return policy
        links = self._link(message)
        if isinstance(links, Rejection):
            return links
        commercial = check_commercial(message, links.warnings)
        if isinstance(commercial, Rejection):
            return commercial
        content = build_content(message, links)
        if len(content.head) + len(content.body) > self._limits.message_bytes:
            return _too_large(content, self._limits)
        inline = request_rules.unrendered_tags(message.request) if message.parts.template is None else ()
        return build_draft(
            Ingredients(
                message=message,
                links=links,
                content=content,
                sealed=self._seal(message, links, content),
                verdict=policy.verdict,
                warnings=(*message.admission.warnings, *links.warnings, *commercial, *policy.warnings, *inline),
                flow=await self._facts.flow(message.caller.tenant, int(message.caller.environment), message.admission.stream),
                event_ids=self._event_ids(message),
            )
        )

    async def _find_template(self, caller: Caller, request: SendRequest) -> TemplateVersion | Rejection | None:
        if request.template is None:
            return None
        return await self._facts.templates.find(caller.tenant, caller.environment, request.template, request.template_version)

    def _admit(
        self, caller: Caller, request: SendRequest, facts: SendFacts, suppressions: SuppressionFacts, now: datetime
    ) -> Admission | Rejection:
        return admit.resolve(
            request,
            caller,
            AdmissionFacts(
                type_and_stream=facts.type_and_stream,
                domain=facts.domain,
                routes=self._routes,
                default_from=facts.default_from,
                reply_to=facts.tenant.reply_to,
                stream_reply_to=facts.stream.reply_to,
                stream_error=facts.stream.error,
                suppressions=suppressions.entries,
                legal_passes_security=suppressions.legal_passes_security,
                limits=self._limits,
            ),
            now,
        )

    async def _render(
        self, request: SendRequest, template: TemplateVersion | None, facts: SendFacts
    ) -> RenderedParts | Rejection:
        """Accepted means renderable: a template is rendered before anything is stored."""
        if template is None:
            return parts_of_request(request)
        variables = request.variables or {}
        if declares_brand(template):
            variables = with_brand(variables, facts.brand)
        rendered = await self._renderer.render(template, variables, request.locale)
        if isinstance(rendered, tuple):
            return Rejection("variable_invalid", f"{rendered[0].path}: {rendered[0].message}", rendered)
        return RenderedParts(
            rendered.subject,
            rendered.html,
            rendered.text,
            template=template,
            locale=rendered.locale,
            variables=variables,
            digest=digest_of(rendered),
        )

    def _link(self, message: AdmittedMessage) -> LinkedContent | Rejection:
        if self._links is None:
            return LinkedContent(html=message.parts.html, tracking=message.admission.tracking)
        return self._links.link(message)

    def _seal(self, message: AdmittedMessage, links: LinkedContent, content: Content) -> SealedParts:
        """Everything that is stored sealed; each part can be opened for this message only."""
        sealer, bound, parts = self._sealer, message.id.bytes, message.parts
        # A letter costs about as much room as the content, so it is sealed only where a route takes fields.
        letter = build_letter(message, links) if self._seals_letters else None
        variables = None
        if keeps_variables(message):
            variables = sealer.seal(msgspec.json.encode((parts.digest.hex(), parts.variables)), bound)
        return SealedParts(
            key_id=sealer.key_id,
            subject=sealer.seal(parts.subject.encode(), bound),
            content=seal_content(sealer, content, bound, letter),
            variables=variables,
        )

    def _event_ids(self, message: AdmittedMessage) -> tuple[UUID, ...]:
        return tuple([self._entropy.new_id(message.now) for _ in message.admission.recipients])


def _too_large(content: Content, limits: Limits) -> Rejection:
    detail = f"the message has {len(content.body):,} bytes encoded; the limit is {limits.message_bytes:,}"
    return Rejection("too_large", detail)
