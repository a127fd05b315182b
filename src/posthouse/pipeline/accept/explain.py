"""What would happen to a draft, and why, as an explanation (``?dryRun=true``, ``posthouse explain``). Pure."""

from posthouse.model.explanation import (
    ContentPreview,
    Explanation,
    PolicyFinding,
    PolicyVerdict,
    RecipientRoutes,
    TemplateUsed,
    TrackingUsed,
)
from posthouse.model.route import RouteFact, RouteKind
from posthouse.pipeline.accept.links import CLICKS, OPENS
from posthouse.pipeline.accept.message import AdmittedMessage
from posthouse.pipeline.accept.row import Draft
from posthouse.policy.deliver.route import candidates, stays_in_inbox


def explain(draft: Draft, routes: tuple[RouteFact, ...]) -> Explanation:
    """Everything that would happen to a draft; ``routes``: those that are configured."""
    admission, parts, links = draft.message.admission, draft.message.parts, draft.links
    type = admission.type
    template = parts.template
    return Explanation(
        type=type.name,
        message_class=type.message_class.value,
        stream=admission.stream,
        lane=admission.lane.name.lower(),
        from_=admission.sender.address,
        reply_to=tuple(mailbox.address for mailbox in admission.reply_to),
        send_at=admission.due,
        deadline=admission.deadline,
        expires_at=admission.expires_at,
        waits_seconds=tuple(wait.total_seconds() for wait in type.waits),
        in_doubt=type.in_doubt.value,
        dedupe_window_seconds=type.dedupe_window.total_seconds(),
        tracking=TrackingUsed(opens=bool(links.tracking & OPENS), clicks=bool(links.tracking & CLICKS)),
        template=None if template is None else TemplateUsed(template.name, template.version, parts.locale),
        ways=_recipient_routes(draft.message, routes),
        policy=_policy(draft),
        preview=ContentPreview(parts.subject, links.html, parts.text, draft.size),
    )


def _policy(draft: Draft) -> PolicyVerdict | None:
    verdict = draft.verdict
    if verdict is None:
        return None
    findings = tuple(
        PolicyFinding(
            rule=finding.rule,
            part=finding.part,
            position=finding.position,
            excerpt=finding.excerpt,
            weight=finding.weight,
            message=finding.message,
        )
        for finding in verdict.findings
    )
    return PolicyVerdict(
        kind=verdict.kind.value,
        share=verdict.share,
        language=verdict.language,
        purpose=None if verdict.purpose is None else verdict.purpose.value,
        reason=verdict.reason,
        findings=findings,
    )


def _recipient_routes(message: AdmittedMessage, routes: tuple[RouteFact, ...]) -> tuple[RecipientRoutes, ...]:
    admission, environment = message.admission, message.caller.environment
    recipient_routes = []
    for position, recipient in enumerate(admission.recipients):
        reason = admission.suppressed.get(position)
        if reason is not None:
            names: tuple[str, ...] = ()
        elif stays_in_inbox(environment, simulator=recipient.simulator):
            names = (RouteKind.INBOX.value,)
        else:
            names = tuple(routes[index].name for index in candidates(routes, environment, simulator=recipient.simulator))
        evidence = admission.evidence.get(position)
        recipient_routes.append(
            RecipientRoutes(recipient=recipient.mailbox.address, routes=names, reason=reason, suppression=evidence)
        )
    return tuple(recipient_routes)
