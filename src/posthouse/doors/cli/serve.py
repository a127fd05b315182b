"""``posthouse serve``: the supervisor, run with the settings and the roles that were named."""

import click

from posthouse.config import load, unknown
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json
from posthouse.doors.cli.shared.output import remark


def _roles(text: str | None) -> frozenset[str] | None:
    """The names between commas; None for all roles. The supervisor knows which there are."""
    if text is None:
        return None
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise click.BadParameter("name at least one role, for example api,worker", param_hint="--roles")
    return names


@click.command()
@click.option("--roles", metavar="ROLE,…", help="Start only these, for example api,worker; left out: all.")
@click.option("--welcome", is_flag=True, help="Create the first tenant if there is none, and send samples to the built-in inbox.")
@as_json
@click.pass_obj
def serve(context: CliContext, *, roles: str | None, welcome: bool, as_json: bool) -> None:
    """Start Posthouse and stay until Ctrl-C.

    Starts every role in one place, the embedded database and its migrations included. --json prints one line
    with the bound addresses when everything is ready.
    """
    chosen = _roles(roles)
    for warning in unknown(context.environ):
        remark(f"posthouse: {warning}")
    context.serve(load(context.environ), chosen, as_json, welcome=welcome)
