"""``posthouse template``: the group and its commands."""

from typing import Final

import click

from posthouse.doors.cli.templates.push import diff, lint, pull, push
from posthouse.doors.cli.templates.versions import (
    activate,
    approval,
    approve,
    list_,
    reject,
    render,
    rerender,
    retire,
    submit,
    trail,
)

COMMANDS: Final = (
    push,
    pull,
    diff,
    lint,
    list_,
    render,
    submit,
    approve,
    reject,
    activate,
    retire,
    approval,
    trail,
    rerender,
)


@click.group(commands=COMMANDS)
def template() -> None:
    """Templates: pushed from version control, linted, previewed, switched."""
