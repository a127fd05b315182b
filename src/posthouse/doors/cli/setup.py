"""``posthouse init`` and ``posthouse migrate``: the two steps before the first mail."""

import sys
from typing import Final

import click

from posthouse.admin.tenants import NewTenant, create_first
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, credentials, remark
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.store.postgres.migrate import current

ALREADY: Final = 3


@click.command()
@as_json
@click.pass_obj
def init(handed: CliContext, *, as_json: bool) -> None:
    """Migrate, make the first tenant and show its credentials, once.

    On an initialised database nothing is made and the exit code is 3.
    """

    async def work(session: CliSession) -> NewTenant | None:
        return await create_first(session.store.database, handed.random, handed.now(), session.settings.hostname)

    founded = with_store(handed, work, create=True, migrate=True)
    if founded is None:
        remark("posthouse: this database is initialised already; nothing was made. `posthouse key create` makes more keys.")
        sys.exit(ALREADY)
    credentials(founded, as_json=as_json)


@click.command()
@as_json
@click.pass_obj
def migrate(handed: CliContext, *, as_json: bool) -> None:
    """Bring the database to the schema of this version.

    With a database of your own this comes before `serve`; the embedded one is brought up to date by itself.
    """

    async def work(session: CliSession) -> int:
        return await current(session.store.database)

    version = with_store(handed, work, create=True, migrate=True)
    if as_json:
        answer({"schema": version})
    else:
        click.echo(f"The schema is current (version {version}).")
