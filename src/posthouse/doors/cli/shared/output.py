"""What a command prints: aligned tables for people, JSON for programs, progress on stderr.

No colours and no drawing: what is printed reads the same on a terminal, in a pipe and in a ticket.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NoReturn

import click
import msgspec

from posthouse.admin.tenants import NewTenant
from posthouse.model.send_request import Rejection
from posthouse.model.time_format import iso_millis

GAP: Final = "  "
_CONTROL: Final = dict.fromkeys((*range(32), 127, *range(0x80, 0xA0)), "·")


def answer(value: object) -> None:
    """One line of JSON: names camelCase as the structs say, times in UTC with milliseconds."""
    plain_values = msgspec.to_builtins(value, builtin_types=(datetime,))
    click.echo(json.dumps(plain_values, default=iso_millis, ensure_ascii=False))


def print_new_tenant(tenant: NewTenant, *, as_json: bool) -> None:
    """A new tenant's credentials, shown once (contract, ``posthouse init --json``)."""
    if as_json:
        answer(tenant)
        return
    pairs = (
        ("tenant", tenant.tenant),
        ("live key", tenant.live_key),
        ("test key", tenant.test_key),
        ("SMTP user name", tenant.smtp.username),
        ("SMTP password", tenant.smtp.password),
    )
    facts(pairs)
    remark("These are shown once; only their digests are kept.")


def refuse(rejection: Rejection, *, as_json: bool) -> NoReturn:
    """Say why a use case did nothing, and exit with 1."""
    print_rejection(rejection, as_json=as_json)
    sys.exit(1)


def print_rejection(rejection: Rejection, *, as_json: bool, prefix: str = "") -> None:
    """Why a use case did nothing: for a program on stdout, for a person on stderr."""
    if as_json:
        answer({"error": rejection})
    remark(plain(f"posthouse: {prefix}{rejection.detail}"))
    for error in rejection.errors:
        if rejection.detail.endswith(error.message):
            continue  # it stands in the line above
        remark(plain(f"  {error.path}: {error.message}"))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; nothing but the headings where there is no row."""
    lines = [tuple(headings), *(tuple(plain(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        click.echo(GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values, one pair a line, aligned; pairs without a value are left out."""
    shown = [(name, plain(value)) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name.ljust(width)}{GAP}{value}")


def plain(text: str) -> str:
    """Text that came from elsewhere, without control characters: a subject must not drive a terminal."""
    return text.translate(_CONTROL)


def moment(at: datetime | None) -> str:
    """``2026-01-31 12:00:00Z``; empty for None."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


def progress(text: str) -> None:
    """What takes long, for a person; on stderr, so that stdout stays for the answer."""
    click.echo(f"{text} …", err=True)


def remark(text: str) -> None:
    """Something worth knowing that is not the answer; on stderr."""
    click.echo(text, err=True)
