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


class Desk:
    """A delivered message, and somebody who takes what is said of it."""

    def __init__(self, post: Posting, taking: FeedbackTaker, message: UUID) -> None:
        self.post, self.taking, self.message = post, taking, message
        self.place = DeliveryKey(1, 1, message, 0)

    async def events(self) -> list[str]:
        rows = await self.post.fetch("select type from event where message = $1 order by xid, id", self.message)
        return [row[0].removeprefix("message.") for row in rows]

    async def entries(self) -> list[tuple[str, str, str | None, str]]:
        rows = await self.post.fetch("select address, cause, stream, source from suppression order by cause")
        return [tuple(row) for row in rows]


@pytest.fixture
async def desk(database: Database) -> Desk:
    clock = FakeClock(NOW)
    post = await posting(database, clock)
    post.receiver.answering = lambda _: YES
    key = await load_key(database, SEALER, bytes)
    taking = FeedbackTaker(FeedbackParts(database=database, clock=clock, entropy=Entropy(), key=key))
    [message] = await post.send("Jane@x.test", type="receipt")
    await post.work()
    return Desk(post, taking, message)


async def test_a_hard_bounce_that_comes_back_is_an_event_and_an_entry_of_our_own_address(desk: Desk) -> None:
    assert await desk.taking.take(desk.place, [HARD], "report") == 1
    assert await desk.events() == ["queued", "delivered", "bounced"]
    assert await desk.entries() == [("Jane@x.test", "hard_bounce", None, "report")]
    [row] = await desk.post.fetch("select data from event where type = 'message.bounced'")
    assert row[0] == {
        "source": "report", "kind": "hard", "reason": "unknown_recipient", "enhancedCode": "5.1.1", "reply": "550 5.1.1 no", "suppressed": True,
    }  # fmt: skip
    [row] = await desk.post.fetch("select evidence from suppression")
    assert row[0]["message"] == ids.text("msg", desk.message)


async def test_the_same_thing_said_again_is_no_news(desk: Desk) -> None:
    taken = [await desk.taking.take(desk.place, [HARD, COMPLAINT], "report") for _ in range(3)]
    assert taken == [2, 0, 0]
    assert await desk.events() == ["queued", "delivered", "bounced", "complained"]


async def test_a_complaint_binds_its_stream_only(desk: Desk) -> None:
    await desk.taking.take(desk.place, [COMPLAINT], "report")
    assert await desk.entries() == [("Jane@x.test", "complaint", "transactional", "report")]


@pytest.mark.parametrize(
    "order", list(permutations([HARD, SOFT, DELIVERED, COMPLAINT]))[::4], ids=lambda order: "-".join(o.kind.value for o in order)
)
async def test_what_it_ends_as_does_not_depend_on_the_order(desk: Desk, order: tuple[Feedback, ...]) -> None:
    for fact in order:
        await desk.taking.take(desk.place, [fact], "resend")
    assert [word for word in await desk.events() if word != "complained"][-1] == "bounced"
    assert [entry[1] for entry in await desk.entries()] == ["complaint", "hard_bounce"]


async def test_word_of_a_delay_and_automatic_replies_are_told_and_change_nothing(desk: Desk) -> None:
    away = Feedback(kind=K.AUTO_REPLY, reply="Automatic reply: Your code is 482913")
    assert await desk.taking.take(desk.place, [DELAYED, away, Feedback(kind=K.UNKNOWN)], "report") == 2
    assert await desk.events() == ["queued", "delivered", "delayed", "auto_replied"]
    assert await desk.entries() == []
    assert await desk.post.data(desk.message) == {"source": "report"}  # a subject may quote ours, and the code in it


async def test_all_that_comes_to_one_return_path_counts_once_a_kind_in_any_order(desk: Desk) -> None:
    away = Feedback(kind=K.AUTO_REPLY, reply="Away")
    for fact in (DELAYED, away, DELAYED, HARD, away, HARD, DELAYED):
        await desk.taking.take(desk.place, [fact], "report")
    assert await desk.events() == ["queued", "delivered", "delayed", "auto_replied", "bounced"]
    assert await desk.entries() == [("Jane@x.test", "hard_bounce", None, "report")]


@pytest.mark.parametrize(
    ("fact", "days"), [(HARD, 30), (SOFT, 30), (DELAYED, 30), (COMPLAINT, 90)],
    ids=lambda value: value.kind.value if isinstance(value, Feedback) else None,
)  # fmt: skip
async def test_a_return_path_is_good_for_so_many_days_and_not_a_second_more(desk: Desk, fact: Feedback, days: int) -> None:
    clock = desk.post.clock
    clock.advance(timedelta(days=days) - timedelta(seconds=1) + (NOW - clock.now()))
    assert await desk.taking.take(desk.place, [fact], "report") == 1
    await desk.post.fetch("delete from feedback_taken")
    await desk.post.fetch("delete from event where type like 'message.bounced'")
    clock.advance(timedelta(seconds=2))
    assert await desk.taking.take(desk.place, [fact], "report") == 0


async def test_what_comes_after_a_month_is_not_taken_but_a_complaint_is(desk: Desk) -> None:
    clock = desk.taking._parts.clock
    assert isinstance(clock, FakeClock)
    clock.advance(timedelta(days=40))
    assert await desk.taking.take(desk.place, [HARD], "report") == 0
    assert await desk.taking.take(desk.place, [COMPLAINT], "report") == 1


async def test_a_delivery_that_is_not_ours_is_nothing(desk: Desk) -> None:
    for place in (
        DeliveryKey(2, 1, desk.message, 0),
        DeliveryKey(1, 0, desk.message, 0),
        DeliveryKey(1, 1, desk.message, 1),
        DeliveryKey(1, 1, UUID(int=7), 0),
    ):
        assert await desk.taking.take(place, [HARD], "report") == 0
    assert await desk.entries() == []


async def test_a_provider_is_led_to_the_delivery_by_our_id_and_address(desk: Desk) -> None:
    message = ids.text("msg", desk.message)
    other = Feedback(kind=K.HARD, suppresses=True, recipient="nobody@x.test", message=message)
    mine = Feedback(kind=K.HARD, suppresses=True, recipient="jane@X.test", message=message)
    assert await desk.taking.take_named(1, 1, "resend", [other]) == 0
    assert await desk.taking.take_named(2, 1, "resend", [mine]) == 0
    assert await desk.taking.take_named(1, 1, "resend", [mine]) == 1
    assert await desk.entries() == [("Jane@x.test", "hard_bounce", None, "resend")]


async def test_each_opening_hour_is_told_once(desk: Desk) -> None:
    seen = [Feedback(kind=K.OPENED, event_id=hour) for hour in ("10", "10", "11")]
    assert await desk.taking.take(desk.place, seen, "link") == 2


async def test_the_way_out_of_a_list_never_ends_and_works_again_for_who_came_back(desk: Desk) -> None:
    wish = Feedback(kind=K.UNSUBSCRIBED)
    desk.post.clock.advance(timedelta(days=200))
    assert [await desk.taking.take(desk.place, [wish], "unsubscribe") for _ in range(2)] == [1, 0]
    assert [entry[1] for entry in await desk.entries()] == ["unsubscribe"]
    await desk.post.fetch("delete from suppression")
    desk.post.clock.advance(timedelta(days=1))
    assert [await desk.taking.take(desk.place, [wish], "unsubscribe") for _ in range(2)] == [1, 0]
    assert [entry[1] for entry in await desk.entries()] == ["unsubscribe"]
    assert await desk.events() == ["queued", "delivered", "unsubscribed", "unsubscribed"]
