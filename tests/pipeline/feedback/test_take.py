"""What comes back is taken once, in any order, of our own deliveries only; and what it means for the list."""

from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest

from posthouse.model import ids
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.keys import DeliveryKey
from posthouse.net.entropy import Entropy
from posthouse.pipeline.feedback.take import FeedbackParts, FeedbackTaker
from posthouse.store.postgres.database import Database
from posthouse.store.recipients.suppression_lookup import load_key
from posthouse.testing.clock import FakeClock
from tests.support.http_door import SEALER
from tests.support.postgres import NOW
from tests.support.posting import YES, Posting, posting

K = FeedbackKind
HARD = Feedback(
    kind=K.HARD,
    suppresses=True,
    recipient="somebody@else.test",
    reason="unknown_recipient",
    enhanced_code="5.1.1",
    reply="550 5.1.1 no",
)
COMPLAINT = Feedback(kind=K.COMPLAINT, suppresses=True, reason="abuse")
SOFT = Feedback(kind=K.SOFT, reason="mailbox_full")
DELIVERED = Feedback(kind=K.DELIVERED)
DELAYED = Feedback(kind=K.DELAYED)


class World:
    """A delivered message, and what takes feedback on it."""

    def __init__(self, post: Posting, taker: FeedbackTaker, message: UUID) -> None:
        self.post, self.taker, self.message = post, taker, message
        self.key = DeliveryKey(1, 1, message, 0)

    async def events(self) -> list[str]:
        rows = await self.post.fetch("select type from event where message = $1 order by xid, id", self.message)
        return [row[0].removeprefix("message.") for row in rows]

    async def entries(self) -> list[tuple[str, str, str | None, str]]:
        rows = await self.post.fetch("select address, cause, stream, source from suppression order by cause")
        return [tuple(row) for row in rows]


@pytest.fixture
async def world(database: Database) -> World:
    clock = FakeClock(NOW)
    post = await posting(database, clock)
    post.receiver.answering = lambda _: YES
    key = await load_key(database, SEALER, bytes)
    taker = FeedbackTaker(FeedbackParts(database=database, clock=clock, entropy=Entropy(), key=key))
    [message] = await post.send("Jane@x.test", type="receipt")
    await post.work()
    return World(post, taker, message)


async def test_a_hard_bounce_that_comes_back_is_an_event_and_suppresses_our_own_address(world: World) -> None:
    assert await world.taker.take(world.key, [HARD], "report") == 1
    assert await world.events() == ["queued", "delivered", "bounced"]
    assert await world.entries() == [("Jane@x.test", "hard_bounce", None, "report")]
    [row] = await world.post.fetch("select data from event where type = 'message.bounced'")
    assert row[0] == {
        "source": "report",
        "kind": "hard",
        "reason": "unknown_recipient",
        "enhancedCode": "5.1.1",
        "reply": "550 5.1.1 no",
        "suppressed": True,
    }
    [row] = await world.post.fetch("select evidence from suppression")
    assert row[0]["message"] == ids.text("msg", world.message)


async def test_the_same_fact_again_changes_nothing(world: World) -> None:
    taken = [await world.taker.take(world.key, [HARD, COMPLAINT], "report") for _ in range(3)]
    assert taken == [2, 0, 0]
    assert await world.events() == ["queued", "delivered", "bounced", "complained"]


async def test_a_complaint_binds_its_stream_only(world: World) -> None:
    await world.taker.take(world.key, [COMPLAINT], "report")
    assert await world.entries() == [("Jane@x.test", "complaint", "transactional", "report")]


@pytest.mark.parametrize(
    "order", list(permutations([HARD, SOFT, DELIVERED, COMPLAINT]))[::4], ids=lambda order: "-".join(o.kind.value for o in order)
)
async def test_what_it_ends_as_does_not_depend_on_the_order(world: World, order: tuple[Feedback, ...]) -> None:
    for fact in order:
        await world.taker.take(world.key, [fact], "resend")
    assert [word for word in await world.events() if word != "complained"][-1] == "bounced"
    assert [entry[1] for entry in await world.entries()] == ["complaint", "hard_bounce"]


async def test_delays_and_automatic_replies_are_events_and_change_nothing(world: World) -> None:
    away = Feedback(kind=K.AUTO_REPLY, reply="Automatic reply: Your code is 482913")
    assert await world.taker.take(world.key, [DELAYED, away, Feedback(kind=K.UNKNOWN)], "report") == 2
    assert await world.events() == ["queued", "delivered", "delayed", "auto_replied"]
    assert await world.entries() == []
    assert await world.post.data(world.message) == {"source": "report"}  # a subject may quote ours, and the code in it


async def test_all_that_comes_to_one_return_path_counts_once_a_kind_in_any_order(world: World) -> None:
    away = Feedback(kind=K.AUTO_REPLY, reply="Away")
    for fact in (DELAYED, away, DELAYED, HARD, away, HARD, DELAYED):
        await world.taker.take(world.key, [fact], "report")
    assert await world.events() == ["queued", "delivered", "delayed", "auto_replied", "bounced"]
    assert await world.entries() == [("Jane@x.test", "hard_bounce", None, "report")]


@pytest.mark.parametrize(
    ("fact", "days"),
    [(HARD, 30), (SOFT, 30), (DELAYED, 30), (COMPLAINT, 90)],
    ids=lambda value: value.kind.value if isinstance(value, Feedback) else None,
)
async def test_a_return_path_is_good_for_so_many_days_and_not_a_second_more(world: World, fact: Feedback, days: int) -> None:
    clock = world.post.clock
    clock.advance(timedelta(days=days) - timedelta(seconds=1) + (NOW - clock.now()))
    assert await world.taker.take(world.key, [fact], "report") == 1
    await world.post.fetch("delete from feedback_taken")
    await world.post.fetch("delete from event where type like 'message.bounced'")
    clock.advance(timedelta(seconds=2))
    assert await world.taker.take(world.key, [fact], "report") == 0


async def test_what_comes_after_a_month_is_not_taken_but_a_complaint_is(world: World) -> None:
    clock = world.taker._parts.clock
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(days=40))
    assert await world.taker.take(world.key, [HARD], "report") == 0
    assert await world.taker.take(world.key, [COMPLAINT], "report") == 1


async def test_a_delivery_that_is_not_ours_is_nothing(world: World) -> None:
    for key in (
        DeliveryKey(2, 1, world.message, 0),
        DeliveryKey(1, 0, world.message, 0),
        DeliveryKey(1, 1, world.message, 1),
        DeliveryKey(1, 1, UUID(int=7), 0),
    ):
        assert await world.taker.take(key, [HARD], "report") == 0
    assert await world.entries() == []


async def test_a_providers_fact_leads_to_the_delivery_by_our_id_and_address(world: World) -> None:
    message = ids.text("msg", world.message)
    other = Feedback(kind=K.HARD, suppresses=True, recipient="nobody@x.test", message=message)
    mine = Feedback(kind=K.HARD, suppresses=True, recipient="jane@X.test", message=message)
    assert await world.taker.take_from_provider(1, 1, "resend", [other]) == 0
    assert await world.taker.take_from_provider(2, 1, "resend", [mine]) == 0
    assert await world.taker.take_from_provider(1, 1, "resend", [mine]) == 1
    assert await world.entries() == [("Jane@x.test", "hard_bounce", None, "resend")]


async def test_each_opening_hour_is_an_event_once(world: World) -> None:
    seen = [Feedback(kind=K.OPENED, event_id=hour) for hour in ("10", "10", "11")]
    assert await world.taker.take(world.key, seen, "link") == 2


async def test_unsubscribing_never_expires_and_works_again_for_who_came_back(world: World) -> None:
    wish = Feedback(kind=K.UNSUBSCRIBED)
    world.post.clock.advance(timedelta(days=200))
    assert [await world.taker.take(world.key, [wish], "unsubscribe") for _ in range(2)] == [1, 0]
    assert [entry[1] for entry in await world.entries()] == ["unsubscribe"]
    await world.post.fetch("delete from suppression")
    world.post.clock.advance(timedelta(days=1))
    assert [await world.taker.take(world.key, [wish], "unsubscribe") for _ in range(2)] == [1, 0]
    assert [entry[1] for entry in await world.entries()] == ["unsubscribe"]
    assert await world.events() == ["queued", "delivered", "unsubscribed", "unsubscribed"]
