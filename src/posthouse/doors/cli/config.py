"""``posthouse config``: every setting as it stands, where it came from and what it means."""

import click

from posthouse.config import ShownSetting, load, shown, unknown
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json
from posthouse.doors.cli.shared.output import answer, remark, table


def _cells(setting: ShownSetting) -> tuple[str, str, str, str]:
    return setting.name, setting.value, setting.source, setting.meaning


@click.command("config")
@as_json
@click.pass_obj
def config(context: CliContext, *, as_json: bool) -> None:
    """Show all settings, their source and meaning; secrets are masked.

    Exits 2 with a sentence for each setting that is wrong, after showing them all.
    """
    settings = shown(context.environ)
    if as_json:
        answer(settings)
    else:
        table(("NAME", "VALUE", "SOURCE", "MEANING"), map(_cells, settings))
    for warning in unknown(context.environ):
        remark(f"posthouse: {warning}")
    load(context.environ)
