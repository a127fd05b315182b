"""What has not happened is said, too: accepted mail past its target that nobody has tried."""

from datetime import timedelta
from typing import Any

import pytest

from posthouse.model.message_type import Lane
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.waiting_mail import WaitingMailAlerts
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database
from posthouse.testing.clock import FakeClock
from tests.support import rows
from tests.support.postgres import NOW


@pytest.fixture
async def session(database: Database) -> Any:
    async with database.session() as session:
        await session.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
        yield session


def at(database: Database, minutes: float) -> WaitingMailAlerts:
    return WaitingMailAlerts(database, FakeClock(NOW + timedelta(minutes=minutes)), Entropy())


async def alerts(session: Any) -> list[dict[str, Any]]:
    return [row[0] for row in await session.fetch("select data from event where type = 'alert.mail_waits' order by id")]


async def test_mail_that_nobody_takes_raises_one_alert_an_hour(database: Database, session: Any) -> None:
    await accept.accept(session, [rows.message(NOW), rows.message(NOW)], NOW, rows.new_id)
    await at(database, 0).check()
    assert await alerts(session) == []
    for minutes in (30, 40):
        await at(database, minutes).check()
    (data,) = await alerts(session)
    assert (data["lane"], data["waiting"]) == (Lane.INSTANT.name.lower(), 2)
    assert data["since"].endswith("Z")
    await at(database, 100).check()
    assert len(await alerts(session)) == 2


@pytest.mark.parametrize("change", ["state = 2, due = now()", "tries = 1", "refusals = 1", "state = 1"])
async def test_what_was_tried_or_is_not_due_is_not_waiting_for_us(database: Database, session: Any, change: str) -> None:
    await accept.accept(session, [rows.message(NOW)], NOW, rows.new_id)
    await session.execute(f"update queue set {change}")
    await at(database, 30).check()
    assert await alerts(session) == []
