"""What an attempt means for the list, and what the list means for the next one; with the world scripted and time told."""

from collections import Counter
from datetime import datetime, timedelta

import pytest

from posthouse.admin import suppressions
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.suppressions import UndoWindow
from posthouse.model.suppression import Cause, SuppressionRule
from posthouse.store.postgres.database import Database
from posthouse.store.recipients.suppression_rule import set_rule
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW
from tests.support.posting import BLOCKED, DISABLED, FULL, GREY, UNKNOWN, YES, Answering, Posting, posting, said

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def post(database: Database) -> Posting:
    return await posting(database, FakeClock(NOW))


async def entries(post: Posting) -> list[tuple[str, str, str | None, bool]]:
    """Address, cause, stream, and whether it is held."""
    found = await post.fetch("select address, cause, stream, held_until is not null from suppression order by address, cause")
    return [tuple(row) for row in found]


async def test_a_hard_bounce_is_entered_at_once_with_its_evidence_and_binds_every_stream(post: Posting) -> None:
    post.receiver.answering = lambda _: UNKNOWN
    [message] = await post.send("Gone@x.test")
    await post.work()
    assert await entries(post) == [("Gone@x.test", "hard_bounce", None, False)]
    assert (await post.data(message))["suppressed"] is True
    [(evidence, provider, reason, source)] = await post.fetch("select evidence, provider, reason, source from suppression")
    assert (evidence["replyCode"], evidence["enhancedCode"], provider, reason, source) == (
        550,
        "5.1.1",
        "x.test",
        "unknown_recipient",
        "smtp",
    )
    assert "does not exist" in evidence["reply"]
    later = await post.send("gone@x.test", stream="billing", type="security_alert")
    await post.work()
    assert await post.state(later[0]) == "suppressed"
    assert (await post.data(later[0]))["suppression"].startswith("sup_")
    assert post.receiver.tried == ["Gone@x.test"]


async def test_an_entry_that_came_after_acceptance_stops_what_is_queued_and_what_waits(post: Posting) -> None:
    post.receiver.answering = lambda _: GREY
    [waiting] = await post.send("jane@x.test")
    await post.work()
    [queued] = await post.send("jane@x.test")
    await suppressions.add(*post.admin(), [SuppressionToAdd(address="JANE@x.test", reason="asked")])
    await post.pass_time(HOUR, HOUR)
    assert [await post.state(waiting), await post.state(queued)] == ["suppressed", "suppressed"]
    assert await post.fetch("select 1 from queue") == []


@pytest.mark.parametrize("answer", [BLOCKED, GREY, YES, DISABLED], ids=["5.7.1", "greylisting", "yes", "disabled"])
async def test_nothing_but_a_dead_mailbox_makes_an_entry(post: Posting, answer: object) -> None:
    post.receiver.answering = lambda _: answer  # type: ignore[assignment,return-value]
    await post.send("jane@x.test")
    await post.work()
    assert await entries(post) == []


async def test_the_lists_of_live_and_test_and_of_two_tenants_never_touch(post: Posting) -> None:
    post.receiver.answering = lambda _: UNKNOWN
    await post.send("jane@x.test")
    await post.work()
    post.receiver.answering = lambda _: YES
    test = await post.send("jane@x.test", environment=0)
    other = await post.send("jane@x.test", tenant=2)
    await post.work()
    assert [await post.state(test[0]), await post.state(other[0])] == ["delivered", "delivered"]


async def test_the_simulator_is_never_entered(post: Posting) -> None:
    post.receiver.answering = lambda _: UNKNOWN
    now = post.clock.now()
    from tests.support import rows  # noqa: PLC0415 - only here

    await post.send("x@simulator.test", deliveries=(rows.delivery(now, 0, "x@simulator.test", flags=4),))
    await post.work()
    assert await entries(post) == []


async def test_a_security_alert_passes_a_complaint_and_three_resets_in_an_hour_all_go(post: Posting) -> None:
    await suppressions.add(
        *post.admin(), [SuppressionToAdd(address="jane@x.test", cause=Cause.COMPLAINT, stream="transactional")]
    )
    await suppressions.add(
        *post.admin(),
        [
            SuppressionToAdd(address="joe@x.test", cause=Cause.FREQUENCY),
            SuppressionToAdd(address="joe@x.test", cause=Cause.UNSUBSCRIBE, stream="marketing"),
        ],
    )
    alert = await post.send("jane@x.test", type="security_alert")
    resets = [*await post.send("joe@x.test", type="password_reset")]
    for _ in range(2):
        await post.pass_time(timedelta(minutes=20), timedelta(minutes=20))
        resets += await post.send("joe@x.test", type="password_reset")
    receipt = await post.send("joe@x.test", type="receipt")
    await post.work()
    assert [await post.state(each) for each in (*alert, *resets, *receipt)] == ["delivered"] * 5
    locked = await post.send("jane@x.test", type="password_reset")
    await post.work()
    assert await post.state(locked[0]) == "suppressed"
    [told] = await post.fetch("select data from event where type = 'alert.suppression_lockout'")
    assert (told[0]["reason"], told[0]["blocked"]) == ("complaint", True)


# Show 6: an address over simulated days.


async def bounce_softly(post: Posting, times: int, apart: timedelta, answer: Answering = lambda _: FULL) -> list[str]:
    """Messages that each end undelivered, and how they ended."""
    ends = []
    for _ in range(times):
        post.receiver.answering = answer
        [message] = await post.send("full@x.test", type="password_reset")
        await post.pass_time(HOUR + timedelta(minutes=1), timedelta(minutes=5))
        ends.append(await post.state(message))
        post.clock.advance(apart - HOUR - timedelta(minutes=1))
    return ends


async def test_five_in_a_row_over_three_days_make_it_hard(post: Posting) -> None:
    assert await bounce_softly(post, 4, DAY) == ["expired"] * 4
    assert await entries(post) == []
    assert await bounce_softly(post, 1, DAY) == ["expired"]
    assert await entries(post) == [("full@x.test", "hard_bounce", None, False)]
    [(source, evidence)] = await post.fetch("select source, evidence from suppression")
    assert (source, evidence["softBounces"]) == ("soft", 5)
    assert await post.fetch("select 1 from soft_bounce") == []


async def test_five_within_a_day_do_not_and_the_next_after_three_days_does(post: Posting) -> None:
    await bounce_softly(post, 5, 2 * HOUR)
    assert await entries(post) == []
    post.clock.advance(3 * DAY)
    await bounce_softly(post, 1, DAY)
    assert len(await entries(post)) == 1


async def test_an_over_quota_mailbox_that_recovers_begins_anew(post: Posting) -> None:
    await bounce_softly(post, 4, DAY)
    post.receiver.answering = lambda _: YES
    await post.send("full@x.test")
    await post.work()
    assert await post.fetch("select 1 from soft_bounce") == []
    await bounce_softly(post, 4, DAY)
    assert await entries(post) == []


async def test_days_of_greylisting_count_nothing(post: Posting) -> None:
    assert await bounce_softly(post, 6, DAY, lambda _: GREY) == ["expired"] * 6
    assert await post.fetch("select 1 from soft_bounce") == []
    assert await entries(post) == []


async def test_a_tenant_may_ask_for_three(post: Posting) -> None:
    async with post.database.session() as connection:
        await set_rule(connection, 1, 1, SuppressionRule(soft_limit=3))
    await bounce_softly(post, 3, 2 * DAY, lambda _: DISABLED)
    assert len(await entries(post)) == 1


async def test_a_delivery_to_a_mailbox_without_a_count_writes_nothing_for_it(post: Posting) -> None:
    await bounce_softly(post, 1, DAY)
    post.receiver.answering = lambda _: YES
    await post.send("jane@x.test")
    await post.work()
    assert post.receiver.tried[-1] == "jane@x.test"
    assert len(await post.fetch("select 1 from soft_bounce")) == 1


# Show 5: a provider is wrong about everybody for ten minutes.


async def usual_week(post: Posting) -> None:
    """Seven days in which one in a hundred was unknown at gmail.test."""
    for day in range(7, 0, -1):
        await post.fetch(
            "insert into provider_count values (1, 1, 'gmail.test', 1, date_trunc('day', $1::timestamptz), 1000, 10)",
            NOW - day * DAY,
        )


def users(count: int, first: int = 0) -> list[str]:
    return [f"user{number}@gmail.test" for number in range(first, first + count)]


async def incident(post: Posting) -> tuple[datetime, datetime]:
    """Ten minutes in which 200 valid users are called unknown, and when it began and was over."""
    post.receiver.answering = lambda each: UNKNOWN if each.site == "gmail.test" else YES
    began = post.clock.now()
    for minute in range(10):
        await post.send(*users(20, minute * 20), "someone@else.test")
        await post.pass_time(timedelta(minutes=1), timedelta(seconds=20))
    ended = post.clock.now()
    post.receiver.answering = lambda _: YES
    return began, ended


async def test_a_provider_that_is_wrong_puts_the_brake_on_and_operations_hear_of_it(post: Posting) -> None:
    await usual_week(post)
    await incident(post)
    [told] = await post.fetch("select data from event where type = 'alert.suppression_brake'")
    assert (told[0]["provider"], told[0]["attempts"] >= 50) == ("gmail.test", True)
    assert all(held for _, _, _, held in await entries(post))


async def test_while_the_brake_is_on_mail_waits_and_is_neither_bounced_nor_dropped(post: Posting) -> None:
    await usual_week(post)
    await incident(post)
    early, late = await post.send(*users(1), *users(1, 199))
    await post.work()
    assert [await post.state(early), await post.state(late)] == ["deferred", "deferred"]
    states = Counter([row[0] for row in await post.fetch("select type from event where data ->> 'suppressed' = 'true'")])
    assert states["message.bounced"] <= 60  # those before the brake was on; nothing after it
    await post.pass_time(timedelta(minutes=45), timedelta(minutes=5))
    assert [await post.state(early), await post.state(late)] == ["delivered", "delivered"]


async def test_undo_takes_the_window_back_completely_and_what_waited_goes(post: Posting) -> None:
    await suppressions.add(*post.admin(), [SuppressionToAdd(address="spam@gmail.test", cause=Cause.COMPLAINT)])
    post.receiver.answering = lambda _: UNKNOWN
    await post.send("really-gone@gmail.test", "dead@else.test")
    await post.work()
    post.clock.advance(HOUR)
    await usual_week(post)
    began, ended = await incident(post)
    [waiting] = await post.send(*users(1))
    await post.work()
    window = UndoWindow(name="gmail.test", begin=began, end=ended)
    done = await suppressions.undo(*post.admin(), window, "they said so themselves")
    assert len(done.removed) == 200
    assert [row[0] for row in await entries(post)] == ["dead@else.test", "really-gone@gmail.test", "spam@gmail.test"]
    await post.work()
    assert await post.state(waiting) == "delivered"
    everybody = await post.send(*users(200))
    await post.work()
    assert {await post.state(each) for each in everybody} == {"delivered"}
    [(count,)] = await post.fetch("select count(*) from audit where action = 'suppression undone'")
    assert count == 200


async def test_without_any_undo_no_valid_user_stays_locked_out_and_the_dead_are_found_at_the_second_look(post: Posting) -> None:
    await usual_week(post)
    await incident(post)
    post.clock.advance(HOUR)
    post.receiver.answering = lambda each: UNKNOWN if each.recipient == "user7@gmail.test" else YES
    everybody = await post.send(*users(200))
    await post.work()
    states = Counter([await post.state(each) for each in everybody])
    assert states == {"delivered": 199, "bounced": 1}
    firm = [address for address, _, _, held in await entries(post) if not held]
    assert firm == ["user7@gmail.test"]


async def test_a_provider_that_always_refuses_many_keeps_the_brake_off(post: Posting) -> None:
    for day in range(7, 0, -1):
        await post.fetch(
            "insert into provider_count values (1, 1, 'gmail.test', 1, date_trunc('day', $1::timestamptz), 1000, 300)",
            NOW - day * DAY,
        )
    await incident(post)
    assert await post.fetch("select 1 from brake") == []
    assert not any(held for _, _, _, held in await entries(post))


async def test_forty_nine_answers_are_too_few(post: Posting) -> None:
    post.receiver.answering = lambda _: UNKNOWN
    await post.send(*users(49))
    await post.work()
    assert await post.fetch("select 1 from brake") == []


async def test_mail_that_expires_while_it_is_held_says_so(post: Posting) -> None:
    await usual_week(post)
    await incident(post)
    [code] = await post.send(*users(1), type="two_factor_code")
    await post.pass_time(timedelta(minutes=11), timedelta(minutes=1))
    assert await post.state(code) == "expired"


def test_the_script_speaks_as_it_should() -> None:
    assert said(UNKNOWN.diagnosis.reason, 550, "5.1.1", "x").reply == "550 x"
