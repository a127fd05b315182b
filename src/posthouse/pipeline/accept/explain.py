"""Why and how: a draft put into the words of an explanation (``?dryRun=true``, ``posthouse explain``). Nothing is looked up here."""

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
from posthouse.model.send_request import Caller
from posthouse.pipeline.accept.draft import Draft
from posthouse.pipeline.accept.links import CLICKS, OPENS
from posthouse.policy.accept.admit import Admission
from posthouse.policy.deliver.route import candidates, stays_in_inbox


def explanation(drafted: Draft, caller: Caller, routes: tuple[RouteFact, ...]) -> Explanation:
    """Everything that would happen to a draft."""
    admission, worded = drafted.admission, drafted.worded
    type = admission.type
    template = worded.template
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
        tracking=TrackingUsed(opens=bool(admission.tracking & OPENS), clicks=bool(admission.tracking & CLICKS)),
        template=None if template is None else TemplateUsed(template.name, template.version, worded.locale),
        ways=_ways(admission, caller, routes),
        policy=_policy(drafted),
        preview=ContentPreview(worded.subject, worded.html, worded.text, drafted.size),
    )


def _policy(drafted: Draft) -> PolicyVerdict | None:
    verdict = drafted.verdict
    if verdict is None:
        return None
    findings = tuple(
        PolicyFinding(
            rule=each.rule, part=each.part, position=each.position, excerpt=each.excerpt, weight=each.weight, message=each.message
        )
        for each in verdict.findings
    )
    return PolicyVerdict(
        kind=verdict.kind.value,
        share=verdict.share,
        language=verdict.language,
        purpose=None if verdict.purpose is None else verdict.purpose.value,
        reason=verdict.reason,
        findings=findings,
    )


def _ways(admission: Admission, caller: Caller, routes: tuple[RouteFact, ...]) -> tuple[RecipientRoutes, ...]:
    found = []
    for position, person in enumerate(admission.recipients):
        reason = admission.suppressed.get(position)
        if reason is not None:
            names: tuple[str, ...] = ()
        elif stays_in_inbox(caller.environment, simulator=person.simulator):
            names = (RouteKind.INBOX.value,)
        else:
            places = candidates(routes, caller.environment, simulator=person.simulator)
            names = tuple(routes[place].name for place in places)
        evidence = admission.evidence.get(position)
        found.append(RecipientRoutes(recipient=person.mailbox.address, routes=names, reason=reason, suppression=evidence))
    return tuple(found)
