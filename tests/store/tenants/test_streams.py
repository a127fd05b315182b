"""Which names become streams on upgrade."""

from posthouse.store.postgres.database import Database
from posthouse.store.postgres.migrate import migrations
from posthouse.store.tenants import streams, tenants
from tests.support.accepted import message_row, put
from tests.support.postgres import NOW
from tests.support.writes import write


async def test_the_names_in_use_become_streams_however_many_and_old_ones_do_not(database: Database) -> None:
    tenant = await write(database, tenants.create, "first", NOW)
    await put(database, *(message_row(NOW, stream=f"s{number}") for number in range(120)))
    await put(database, message_row(NOW, stream="marketing"), message_row(NOW, stream="forgotten"))
    script = next(each.script for each in migrations() if each.name == "streams that exist")
    async with database.session() as session:
        await session.execute("update message set created_at = now()")
        await session.execute("update message set created_at = now() - interval '91 days' where stream = 'forgotten'")
        await session.execute(
            "insert into suppression (tenant, environment, id, lookup, cause, stream, source, since) "
            "values (1, 1, gen_random_uuid(), 'x', 'manual', 'quiet', 'api', now())"
        )
        await session.execute(script)
        found = await streams.names(session, tenant.id)
    assert found == {f"s{number}" for number in range(120)} | {"marketing", "transactional", "quiet"}
