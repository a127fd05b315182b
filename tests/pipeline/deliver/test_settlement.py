"""What is told of a settlement: an event for each change of state, and none where nothing changed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from posthouse.model.delivery import DeliveryState
from posthouse.model.queue import LeasedDelivery, QueueFlag
from posthouse.pipeline.deliver import settlement
from posthouse.policy import types
from tests.support import rows

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
NEVER_TRIED, DOUBTED = 0, int(QueueFlag.IN_DOUBT_BEFORE)
DEFERRED, DOUBTED_THEN_DEFERRED = int(QueueFlag.DEFERRED_NOW), int(QueueFlag.IN_DOUBT_BEFORE | QueueFlag.DEFERRED_NOW)


def delivery(flags: int) -> LeasedDelivery:
    return rows.claimed(NOW, flags=flags)


@pytest.mark.parametrize(
    ("flags", "event"),
    [
        (NEVER_TRIED, "message.in_doubt"),
        (DEFERRED, "message.in_doubt"),
        (DOUBTED, None),
        (DOUBTED_THEN_DEFERRED, "message.in_doubt"),
    ],
)
def test_doubt_is_told_once_until_the_state_changes(flags: int, event: str | None) -> None:
    doubt, attempt = settlement.lost(NOW)
    step = settlement.judge(doubt, delivery(flags), types.BY_NAME["password_reset"], 1, NOW, 0.5)
    assert step.state is DeliveryState.IN_DOUBT
    row = settlement.settlement(delivery(flags), attempt, step, route="mx", digest=None, now=NOW, event_id=UUID(int=2))
    assert row.event == event
    assert (row.event_data is None) is (event is None)
    assert row.attempt is not None


@pytest.mark.parametrize(
    ("flags", "expired", "suppressed"),
    [
        (NEVER_TRIED, "message.expired", "message.suppressed"),
        (DEFERRED, "message.expired", "message.suppressed"),
        (DOUBTED, None, None),
        (DOUBTED_THEN_DEFERRED, "message.in_doubt", "message.in_doubt"),
    ],
)
def test_what_was_in_doubt_ends_in_doubt_and_that_is_news_only_after_something_else(
    flags: int, expired: str | None, suppressed: str | None
) -> None:
    assert settlement.expired(delivery(flags), NOW, UUID(int=2))[0].event == expired
    assert settlement.suppressed(delivery(flags), "complaint", "sup_1", NOW, UUID(int=2)).event == suppressed
