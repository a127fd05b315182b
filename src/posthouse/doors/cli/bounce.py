"""``posthouse bounce``: what a returned message means, without a database."""

import sys
from pathlib import Path
from typing import Final

import click
import msgspec

from posthouse.mail.reports.report import read
from posthouse.model.feedback import Feedback
from posthouse.policy.recipients.bounce import judge

_WIDTH: Final = 10


class BounceResult(msgspec.Struct, frozen=True, rename="camel"):
    """One recipient's result, as the contract has it."""

    recipient: str | None
    kind: str
    suppresses: bool
    reason: str
    enhanced_code: str | None


class BounceFile(msgspec.Struct, frozen=True):
    """One file's results; none for what is no report."""

    file: str
    results: list[BounceResult]


@click.group()
def bounce() -> None:
    """Returned messages: bounces, complaints, automatic replies."""


@bounce.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for each file.")
def parse(files: tuple[Path, ...], as_json: bool) -> None:
    """Read returned messages and say which recipient each is about, and what it means.

    A file that cannot be read is reported on standard error, and the exit code is 1.
    """
    unread = False
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            click.echo(f"posthouse: {file}: {error.strerror}", err=True)
            unread = True
            continue
        parsed = BounceFile(str(file), [_result(feedback) for feedback in judge(read(data))])
        click.echo(msgspec.json.encode(parsed).decode() if as_json else _format(parsed))
    if unread:
        sys.exit(1)


def _result(feedback: Feedback) -> BounceResult:
    return BounceResult(feedback.recipient, feedback.kind.value, feedback.suppresses, feedback.reason, feedback.enhanced_code)


def _format(parsed: BounceFile) -> str:
    if not parsed.results:
        return f"{parsed.file}: no report"
    lines = [f"{parsed.file}:"]
    for result in parsed.results:
        line = f"  {result.kind:{_WIDTH}} {result.recipient or 'no recipient named'}: {result.reason.replace('_', ' ')}"
        lines.append(
            line + (f" ({result.enhanced_code})" if result.enhanced_code else "") + (", suppresses" if result.suppresses else "")
        )
    return "\n".join(lines)
