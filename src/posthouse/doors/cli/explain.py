"""``posthouse explain``: everything that would happen to a message, and why, without sending it."""

import sys
from typing import Any

import click
import msgspec

from posthouse.doors.cli.send import caller_of, message_options, print_refusal, request_of
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, facts, moment, remark, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.with_admin import environment_of
from posthouse.model.explanation import Explanation, PolicyVerdict
from posthouse.model.send_request import Accepted, Environment, Rejection, SendRequest
from posthouse.model.time_format import iso_millis
from posthouse.model.views.sending import DryRunReply
from posthouse.pipeline.accept.accept import StoreUnavailable


@click.command()
@message_options
@click.option("--test", is_flag=True, help="As a sandbox key would send it.")
@tenant_option("message")
@as_json
@click.pass_obj
def explain(context: CliContext, /, *, test: bool, tenant: str | None, as_json: bool, **fields: Any) -> None:
    """Say what would happen to a message: terms, routes, suppressions, content policy, what recipients would see.

    Nothing is sent and nothing is stored. Exits 1 when it would be refused.
    """
    explaining = _Explaining(request_of(fields), environment_of(test=test), tenant, as_json)
    sys.exit(0 if with_store(context, explaining.run) else 1)


class _Explaining(msgspec.Struct, frozen=True):
    """One message that is not sent."""

    request: SendRequest
    environment: Environment
    tenant: str | None
    as_json: bool

    async def run(self, session: CliSession) -> bool:
        """True when it would be accepted."""
        caller = await caller_of(session, self.tenant, self.environment)
        try:
            async with session.context.intake(session.settings, session.store) as intake:
                explained = await intake.explain(caller, self.request)
        except StoreUnavailable as error:
            explained = Rejection("unavailable", str(error), retry_after=error.retry_after)
        if isinstance(explained, Rejection):
            return print_refusal(explained, as_json=self.as_json)
        accepted, explanation = explained
        if self.as_json:
            answer(_reply(accepted, explanation))
        else:
            _print(accepted, explanation)
        return True


def _reply(accepted: Accepted, explanation: Explanation) -> DryRunReply:
    return DryRunReply(
        id=accepted.id,
        status="queued",
        deliver_by=None if accepted.deliver_by is None else iso_millis(accepted.deliver_by),
        duplicate=accepted.duplicate,
        deliveries=accepted.deliveries,
        warnings=accepted.warnings,
        explanation=explanation,
    )


def _print(accepted: Accepted, explanation: Explanation) -> None:
    if accepted.duplicate:
        click.echo(f"This key was used before: the answer would be {accepted.id} again, and nothing would be sent.")
    template = explanation.template
    facts(
        (
            ("type", f"{explanation.type} ({explanation.message_class})"),
            ("stream", f"{explanation.stream}, lane {explanation.lane}"),
            ("from", explanation.from_),
            ("reply to", ", ".join(explanation.reply_to)),
            ("template", "" if template is None else f"{template.name} version {template.version}, locale {template.locale}"),
            ("sent", moment(explanation.send_at) or "at once"),
            ("should arrive by", moment(accepted.deliver_by)),
            ("expires", moment(explanation.expires_at)),
            ("waits", ", ".join(f"{seconds:g} s" for seconds in explanation.waits_seconds)),
            ("when in doubt", explanation.in_doubt),
            ("tracking", ", ".join(name for name in ("opens", "clicks") if getattr(explanation.tracking, name)) or "none"),
            ("content", _policy_text(explanation.policy)),
            ("subject", explanation.preview.subject),
            ("size", f"{explanation.preview.bytes} bytes before signatures"),
        )
    )
    click.echo()
    table(
        ("RECIPIENT", "ROUTES", "WHY NOT"),
        ((each.recipient, ", then ".join(each.routes), each.reason or "") for each in explanation.ways),
    )
    for finding in () if explanation.policy is None else explanation.policy.findings:
        remark(f"{finding.rule}: {finding.message} ({finding.part}: {finding.excerpt!r})")
    for warning in accepted.warnings:
        remark(f"{warning.code}: {warning.message}")


def _policy_text(policy: PolicyVerdict | None) -> str:
    return "" if policy is None else f"{policy.kind.replace('_', ' ')}{': ' if policy.reason else ''}{policy.reason}"
