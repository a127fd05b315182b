"""``posthouse suppression``: the group and its commands."""

from typing import Final

import click

from posthouse.doors.cli.suppressions.bulk import erase, export, import_, undo
from posthouse.doors.cli.suppressions.entries import add, list_, remove, rules

COMMANDS: Final = (list_, add, remove, rules, undo, import_, export, erase)


@click.group(commands=COMMANDS)
def suppression() -> None:
    """Addresses that are not written to, and why."""
