"""A change of state that the table does not have is not written, and the delivery is not sent a second time for it."""

from typing import Any
from uuid import UUID

import pytest

from posthouse.model.delivery import DeliveryState, IllegalTransition, check_transition
from posthouse.model.queue import QueueState
from posthouse.model.worker import WorkerRow
from posthouse.pipeline.deliver import conclusion
from posthouse.pipeline.deliver.reclaim import ReclaimParts, reclaim
from posthouse.store.postgres.database import Database
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW
from tests.support.posting import LONG, Posting, posting

S = DeliveryState


@pytest.fixture
async def post(database: Database) -> Posting:
    return await posting(database, FakeClock(NOW))


def refuse(monkeypatch: pytest.MonkeyPatch, refused: DeliveryState) -> None:
    """As if the table did not have this state after any other."""

    def check(before: DeliveryState, after: DeliveryState) -> None:
        if after is refused:
            raise IllegalTransition(before, after)
        check_transition(before, after)

    monkeypatch.setattr(conclusion, "check_transition", check)


async def rows(post: Posting) -> list[tuple[UUID, int]]:
    return [tuple(row) for row in await post.fetch("select message, state from queue order by message")]


async def test_it_is_an_error_and_the_delivery_stays_leased(post: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, S.DELIVERED)
    [message] = await post.send("jane@x.test")
    with pytest.raises(IllegalTransition, match="queued cannot become delivered"):
        await post.work()
    assert await rows(post) == [(message, QueueState.LEASED)]
    assert await post.state(message) == "queued"
    assert await post.fetch("select 1 from attempt") == []


async def test_taking_back_leaves_it_and_settles_its_neighbours(post: Posting, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, S.IN_DOUBT)
    [held] = await post.send("jane@x.test", type="two_factor_code")
    [again] = await post.send("joe@x.test", type="password_reset")
    async with post.database.session() as session:
        await session.execute("update queue set flags = 8 where message = $1", again)  # in doubt before: no change of state
    await post.claim()

    async def quiet(*_: Any) -> None:
        """No alert."""

    parts = ReclaimParts(database=post.database, clock=post.clock, entropy=post.entropy, route_names=("mx",), alert=quiet)
    await reclaim(parts, WorkerRow(id=post.worker, host="another", marks="none", pid=1, lease_until=NOW + LONG))
    assert await rows(post) == [(held, QueueState.LEASED)]
    assert await post.state(held) == "queued"
