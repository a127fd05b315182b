"""Raising alerts: once for each subject and window, however many processes see the same fact."""

from datetime import timedelta
from typing import Any

import pytest

from posthouse.model.keys import DeliveryKey
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert, window_start
from posthouse.policy.alerts import delivery_failed, suppression_growth, webhook_disabled
from posthouse.policy.alerts.rule import AlertRule
from posthouse.store.postgres.database import Database
from tests.support import rows
from tests.support.postgres import NOW


@pytest.fixture
async def session(database: Database) -> Any:
    async with database.session() as session:
        await session.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
        yield session


def alert(rule: AlertRule, subject: str = "", environment: int = 1) -> NewAlert:
    return NewAlert(rule=rule, tenant=1, environment=environment, data={"reason": "x"}, subject=subject)


async def test_a_window_has_one_alert_and_the_others_are_counted(session: Any) -> None:
    raised = [await raise_alert(session, alert(delivery_failed.RULE, "receipt:mx"), NOW, rows.new_id) for _ in range(3)]
    assert raised == [True, False, False]
    assert [tuple(row) for row in await session.fetch("select name, count from alert_window")] == [
        ("delivery_failed:receipt:mx", 3)
    ]
    assert [row[0] for row in await session.fetch("select type from event")] == ["alert.delivery_failed"]


async def test_another_subject_environment_or_window_is_another_alert(session: Any) -> None:
    rule, later = delivery_failed.RULE, NOW + timedelta(hours=1)
    first = alert(rule, "receipt:mx")
    raised = [
        await raise_alert(session, first, NOW, rows.new_id),
        await raise_alert(session, alert(rule, "receipt:relay"), NOW, rows.new_id),
        await raise_alert(session, alert(rule, "receipt:mx", environment=0), NOW, rows.new_id),
        await raise_alert(session, first, later, rows.new_id),
    ]
    assert raised == [True] * 4


async def test_a_rule_without_a_subject_has_its_type_as_the_name_of_its_window(session: Any) -> None:
    assert await raise_alert(session, alert(suppression_growth.RULE), NOW, rows.new_id)
    assert await session.fetchval("select name from alert_window") == "suppression_growth"


async def test_a_rule_without_a_window_raises_each_time(session: Any) -> None:
    assert [await raise_alert(session, alert(webhook_disabled.RULE), NOW, rows.new_id) for _ in range(2)] == [True, True]


async def test_an_alert_names_the_delivery_that_it_is_about(session: Any) -> None:
    message = rows.new_id(NOW)
    about = NewAlert(
        rule=delivery_failed.RULE, tenant=1, environment=1, data={}, subject="x", delivery=DeliveryKey(1, 1, message, 2)
    )
    await raise_alert(session, about, NOW, rows.new_id)
    assert tuple(await session.fetchrow("select message, position from event")) == (message, 2)


def test_every_moment_of_a_window_begins_with_it() -> None:
    hour = timedelta(hours=1)
    assert window_start(NOW + timedelta(minutes=59), hour) == window_start(NOW, hour) <= NOW
