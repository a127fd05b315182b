"""How a command speaks: aligned tables for people, JSON for programs, progress beside both.

No colours and no drawing: what is printed reads the same on a terminal, in a pipe and in a ticket.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import click
import msgspec

from posthouse.admin.tenants import NewTenant
from posthouse.model.time_format import iso_millis

F = TypeVar("F", bound=Callable[..., Any])
GAP: Final = "  "
_CONTROL: Final = dict.fromkeys((*range(32), 127, *range(0x80, 0xA0)), "·")


def as_json(function: F) -> F:
    """The option ``--json``, for every command that a program may read."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program to read.")(function)


def answer(value: object) -> None:
    """One line of JSON: names camelCase as the structs say, times in UTC with milliseconds."""
    plain_values = msgspec.to_builtins(value, builtin_types=(datetime,))
    click.echo(json.dumps(plain_values, default=iso_millis, ensure_ascii=False))


def credentials(made: NewTenant, *, as_json: bool) -> None:
    """What a new tenant begins with, shown once (contract, `posthouse init --json`)."""
    if as_json:
        answer(made)
        return
    facts((
        ("tenant", made.tenant),
        ("live key", made.live_key),
        ("test key", made.test_key),
        ("SMTP user name", made.smtp.username),
        ("SMTP password", made.smtp.password),
    ))  # fmt: skip
    remark("These are shown once; only their digests are kept.")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; nothing but the headings where there is no row."""
    lines = [tuple(headings), *(tuple(plain(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo(GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line, aligned; pairs without a value are left out."""
    told = [(name, plain(value)) for name, value in pairs if value]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        click.echo(f"{name.ljust(width)}{GAP}{value}")


def plain(text: str) -> str:
    """Text that came from elsewhere, without control characters: a subject must not drive a terminal."""
    return text.translate(_CONTROL)


def moment(at: datetime | None) -> str:
    """``2026-01-31 12:00:00Z``; empty for None."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def progress(text: str) -> None:
    """Tell a person what takes long; on stderr, so that stdout stays for the answer."""
    click.echo(f"{text} …", err=True)


def remark(text: str) -> None:
    """Something worth knowing that is not the answer; on stderr."""
    click.echo(text, err=True)
