"""Entries against a real Postgres: entered once, replaced when over, held by a brake, found by a hash whose key outlives the
secret.
"""

import os
from datetime import timedelta
from typing import Any

import pytest

from posthouse.model.keys import LookupKey
from posthouse.model.suppression import AnswerCounts, BounceBrake, Cause, SoftBounce, Suppression, SuppressionEntry
from posthouse.policy.recipients.bounce_brake import BACK, BASE, WINDOW
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import bounce_brakes, soft_bounces, suppression_counts, suppression_lookup, suppressions
from posthouse.store.recipients.suppression_lookup import AddressKey
from posthouse.store.seal import SealBroken, Sealer
from tests.support import rows
from tests.support.postgres import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEY = AddressKey(b"k" * 32)
GMAIL = (1, 1, "gmail.test")
WHY = BounceBrake(AnswerCounts(60, 50), AnswerCounts(1000, 10))


@pytest.fixture
async def connection(database: Database) -> Any:
    async with database.session() as held:
        await held.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
        yield held


def bounce(address: str = "jane@gmail.test", **changed: Any) -> SuppressionEntry:
    fields = {
        "address": address,
        "lookup": KEY.of(address),
        "cause": Cause.HARD_BOUNCE,
        "source": "smtp",
        "provider": "gmail.test",
    }
    return SuppressionEntry(**(fields | changed))


async def add(connection: Any, *entries: SuppressionEntry, now: Any = NOW) -> list[Suppression]:
    return await suppressions.add(connection, 1, 1, entries, now, rows.new_id)


async def says(connection: Any, address: str, now: Any = NOW) -> list[str]:
    [listed] = await suppression_lookup.find(connection, [LookupKey(1, 1, KEY.of(address))], now)
    return [entry.cause.value for entry in listed.entries]


async def test_entering_is_idempotent_within_a_batch_and_after_it(connection: Any) -> None:
    first, twin, other = await add(connection, bounce(evidence={"n": 1}), bounce("JANE@gmail.test"), bounce(cause=Cause.MANUAL))
    assert (first.id, first.created, first.evidence) == (twin.id, True, {"n": 1})
    assert other.id != first.id
    [again] = await add(connection, bounce(evidence={"n": 2}, reason="news"), now=NOW + DAY)
    assert (again.id, again.created, again.evidence, again.reason, again.since) == (first.id, False, {"n": 1}, "", NOW)


async def test_streams_and_all_are_places_of_their_own(connection: Any) -> None:
    made = await add(connection, bounce(), bounce(stream="a"), bounce(stream="b"), bounce(stream="a"))
    assert len({each.id for each in made}) == 3


async def test_an_entry_that_is_over_binds_nobody_and_is_replaced(connection: Any) -> None:
    await add(connection, bounce(until=NOW + HOUR, reason="old"))
    assert await says(connection, "jane@gmail.test") == ["hard_bounce"]
    assert await says(connection, "jane@gmail.test", NOW + HOUR) == []
    [anew] = await add(connection, bounce(reason="new"), now=NOW + 2 * HOUR)
    assert (anew.since, anew.reason, anew.until) == (NOW + 2 * HOUR, "new", None)


async def test_a_shorter_term_never_shortens_a_longer_one(connection: Any) -> None:
    await add(connection, bounce(until=NOW + 2 * DAY))
    [kept] = await add(connection, bounce(until=NOW + DAY))
    assert kept.until == NOW + 2 * DAY
    [ever] = await add(connection, bounce())
    assert ever.until is None


async def test_a_brake_holds_the_latest_entries_and_what_comes_but_no_persons_and_no_others(connection: Any) -> None:
    await add(connection, bounce("old@gmail.test"), now=NOW - HOUR)
    await add(
        connection, bounce("late@gmail.test"), bounce("x@else.test", provider="else.test"), bounce("p@gmail.test", provider="")
    )
    assert await bounce_brakes.put_on(connection, GMAIL, WHY, NOW, NOW + HOUR, doubted_from=NOW - BACK) == (True, 1)
    assert await bounce_brakes.put_on(
        connection, GMAIL, WHY, NOW + timedelta(seconds=2), NOW + 2 * HOUR, doubted_from=NOW + timedelta(seconds=2) - BACK
    ) == (False, 1)
    [anew] = await add(connection, bounce("new@gmail.test"))
    assert anew.held_until == NOW + 2 * HOUR
    found = {name: await says(connection, f"{name}@gmail.test") for name in ("old", "late", "p", "new")}
    assert found == {"old": ["hard_bounce"], "late": ["provisional"], "p": ["hard_bounce"], "new": ["provisional"]}
    assert await says(connection, "late@gmail.test", NOW + 2 * HOUR) == []


async def test_a_second_bounce_after_the_hold_is_firm_and_one_within_it_is_not(connection: Any) -> None:
    await bounce_brakes.put_on(connection, GMAIL, WHY, NOW, NOW + HOUR, doubted_from=NOW - BACK)
    await add(connection, bounce(evidence={"n": 1}))
    [within] = await add(connection, bounce(), now=NOW + HOUR / 2)
    assert within.held_until == NOW + HOUR
    [after] = await add(connection, bounce(evidence={"n": 2}), now=NOW + 2 * HOUR)
    assert (after.held_until, after.evidence, after.since) == (None, {"n": 2}, NOW + 2 * HOUR)


async def test_a_person_makes_a_provisional_entry_firm(connection: Any) -> None:
    await bounce_brakes.put_on(connection, GMAIL, WHY, NOW, NOW + HOUR, doubted_from=NOW - BACK)
    await add(connection, bounce())
    [firm] = await add(connection, bounce(provider="", source="cli"))
    assert firm.held_until is None


async def test_counts_add_up_to_a_window_and_a_base(connection: Any) -> None:
    for when, heard in (
        (NOW - 3 * DAY, AnswerCounts(500, 5)),
        (NOW - HOUR, AnswerCounts(100, 1)),
        (NOW, AnswerCounts(40, 30)),
        (NOW, AnswerCounts(20, 20)),
    ):
        await bounce_brakes.count(connection, {GMAIL: heard, (1, 0, "gmail.test"): AnswerCounts(1, 1)}, when)
    [found] = await bounce_brakes.answers(connection, [GMAIL], NOW - WINDOW, NOW - BASE)
    assert (found.window, found.base) == (AnswerCounts(60, 50), AnswerCounts(600, 6))
    await bounce_brakes.forget_old(connection, NOW + 9 * DAY, BASE)
    assert await connection.fetchval("select count(*) from provider_count") == 0


async def test_a_key_outlives_the_secret_it_is_sealed_under(database: Database) -> None:
    old, both, new = Sealer(("old",), os.urandom), Sealer(("new", "old"), os.urandom), Sealer(("new",), os.urandom)
    key = await suppression_lookup.load_key(database, old, os.urandom)
    assert await suppression_lookup.load_key(database, both, os.urandom) == key
    assert await suppression_lookup.load_key(database, new, os.urandom) == key
    with pytest.raises(SealBroken):
        await suppression_lookup.load_key(database, old, os.urandom)


async def test_what_is_looked_up_together_is_answered_apart(connection: Any) -> None:
    await add(connection, bounce("a@x.test"), bounce("a@x.test", cause=Cause.COMPLAINT, stream="marketing"), bounce("c@x.test"))
    asked = [LookupKey(1, environment, KEY.of(f"{name}@x.test")) for environment in (1, 0) for name in "abc"]
    found = await suppression_lookup.find(connection, asked, NOW)
    assert [len(each.entries) for each in found] == [2, 0, 1, 0, 0, 0]
    assert await suppression_lookup.find(connection, [], NOW) == []


async def test_soft_bounces_are_counted_apart_and_forgotten_apart(connection: Any) -> None:
    ends = [
        SoftBounce(
            tenant=1,
            environment=1,
            lookup=KEY.of(name),
            address=name,
            message=rows.new_id(NOW),
            position=0,
            reason=reason,
            reply="",
            id=rows.new_id(NOW),
        )
        for name, reason in (
            ("a@x.test", "mailbox_full"),
            ("b@x.test", "mailbox_disabled"),
            ("c@x.test", "greylisted"),
            ("d@x.test", None),
        )
    ]
    assert await soft_bounces.count(connection, ends, RULE, NOW) == []
    await soft_bounces.forget(connection, [(1, 1, KEY.of("a@x.test"))])
    assert [row[0] for row in await connection.fetch("select lookup from soft_bounce")] == [KEY.of("b@x.test")]


async def test_growth_is_of_a_day_against_a_week_and_files_are_left_out(connection: Any) -> None:
    await add(connection, *[bounce(f"w{n}@x.test") for n in range(7)], now=NOW - 3 * DAY)
    await add(connection, *[bounce(f"d{n}@x.test") for n in range(3)], bounce("f@x.test", source="import"))
    assert await suppression_counts.growth(connection, 1, 1, NOW) == (3, 7)
    assert await suppression_counts.sizes(connection, 1, 1) == {"hard_bounce": 11}
