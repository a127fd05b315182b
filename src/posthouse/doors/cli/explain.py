"""``posthouse explain``: everything that would happen to a message, and why, without sending it."""

import sys
from typing import Any

import click
import msgspec

from posthouse.doors.cli.send import asked_for, caller_of, of_a_message, refused
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, moment, remark, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model.explanation import Explanation, PolicyVerdict
from posthouse.model.send_request import Accepted, Environment, Rejection, SendRequest
from posthouse.pipeline.accept.accept import StoreUnavailable


@click.command()
@of_a_message
@click.option("--test", is_flag=True, help="As a sandbox key would send it.")
@click.option("--tenant", metavar="REF", help="Whose message; left out: the first tenant's.")
@as_json
@click.pass_obj
def explain(handed: CliContext, /, *, test: bool, tenant: str | None, as_json: bool, **fields: Any) -> None:
    """Say what would happen to a message: terms, routes, suppressions, content policy, what readers would see.

    Nothing is sent and nothing is kept. Exits 1 when it would be refused.
    """
    asking = _Asking(asked_for(fields), Environment.TEST if test else Environment.LIVE, tenant, as_json)
    sys.exit(0 if with_store(handed, asking.go) else 1)


class _Asking(msgspec.Struct, frozen=True):
    request: SendRequest
    environment: Environment
    tenant: str | None
    as_json: bool

    async def go(self, session: CliSession) -> bool:
        """True when it would be taken."""
        caller = await caller_of(session, self.tenant, self.environment)
        try:
            async with session.handed.intake(session.settings, session.store) as intake:
                found = await intake.explain(caller, self.request)
        except StoreUnavailable as away:
            return refused(Rejection("unavailable", str(away), retry_after=away.retry_after), as_json=self.as_json)
        if isinstance(found, Rejection):
            return refused(found, as_json=self.as_json)
        if self.as_json:
            answer(msgspec.to_builtins(found[0], builtin_types=(type(found[1].deadline),)) | {"explanation": found[1]})
        else:
            _tell(*found)
        return True


def _tell(taken: Accepted, why: Explanation) -> None:
    if taken.duplicate:
        click.echo(f"This key was used before: the answer would be {taken.id} again, and nothing would be sent.")
    used = why.template
    facts(
        (
            ("type", f"{why.type} ({why.message_class})"),
            ("stream", f"{why.stream}, lane {why.lane}"),
            ("from", why.from_),
            ("reply to", ", ".join(why.reply_to)),
            ("template", "" if used is None else f"{used.name} version {used.version}, locale {used.locale}"),
            ("leaves", moment(why.send_at) or "at once"),
            ("should arrive by", moment(taken.deliver_by)),
            ("expires", moment(why.expires_at)),
            ("waits", ", ".join(f"{seconds:g} s" for seconds in why.waits_seconds)),
            ("when in doubt", why.in_doubt),
            ("tracking", ", ".join(name for name in ("opens", "clicks") if getattr(why.tracking, name)) or "none"),
            ("content", _judged(why.policy)),
            ("subject", why.preview.subject),
            ("size", f"{why.preview.bytes} bytes before signatures"),
        )
    )
    click.echo()
    table(("RECIPIENT", "WAYS", "WHY NOT"), ((way.recipient, ", then ".join(way.routes), way.reason or "") for way in why.ways))
    for finding in () if why.policy is None else why.policy.findings:
        remark(f"{finding.rule}: {finding.message} ({finding.part}: {finding.excerpt!r})")
    for warning in taken.warnings:
        remark(f"{warning.code}: {warning.message}")


def _judged(policy: PolicyVerdict | None) -> str:
    return "" if policy is None else f"{policy.kind.replace('_', ' ')}{': ' if policy.reason else ''}{policy.reason}"
