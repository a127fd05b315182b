"""``posthouse init`` and ``posthouse migrate``: the two steps before the first message."""

import sys
from typing import Final

import click
import msgspec

from posthouse.admin.tenants import NewTenant, create_first
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json
from posthouse.doors.cli.shared.output import answer, print_new_tenant, remark
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.doors.cli.shared.with_admin import admin_of, operator_of
from posthouse.store.postgres.migrate import current

ALREADY: Final = 3


class SchemaVersion(msgspec.Struct, frozen=True):
    """The database's schema after a migration."""

    schema: int


@click.command()
@as_json
@click.pass_obj
def init(context: CliContext, *, as_json: bool) -> None:
    """Migrate, create the first tenant and show its credentials, once.

    On an initialised database nothing is created and the exit code is 3.
    """

    async def work(session: CliSession) -> NewTenant | None:
        return await create_first(admin_of(session), operator_of(None), session.settings.hostname)

    created = with_store(context, work, create=True, migrate=True)
    if created is None:
        remark("posthouse: this database is initialised already; nothing was created. `posthouse key create` creates more keys.")
        sys.exit(ALREADY)
    print_new_tenant(created, as_json=as_json)


@click.command()
@as_json
@click.pass_obj
def migrate(context: CliContext, *, as_json: bool) -> None:
    """Bring the database to the schema of this version.

    With a database of your own this comes before `serve`; the embedded one is brought up to date by itself.
    """

    async def work(session: CliSession) -> int:
        return await current(session.store.database)

    version = with_store(context, work, create=True, migrate=True)
    if as_json:
        answer(SchemaVersion(version))
    else:
        click.echo(f"The schema is current (version {version}).")
