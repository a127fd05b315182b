"""The queue against a real Postgres: shares, watermarks, parking, fencing, settling."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posthouse.model.message_row import MessageRow
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead, LeasedDelivery
from posthouse.model.settlement import AttemptRecord, Settlement
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.messages import accept, contents
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue, settle, workers
from tests.support import rows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
async def connection(database: Database) -> Any:
    async with database.session() as held:
        await held.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
        yield held


async def put(connection: Any, *messages: MessageRow) -> None:
    taken = await accept.accept(connection, messages, NOW, rows.new_id)
    assert taken == {message.id for message in messages}


async def worker(connection: Any) -> int:
    return await workers.register(connection, "host", "/tmp/marks", 1, NOW, NOW + timedelta(seconds=10))


async def claim_all(
    connection: Any, number: int, lane: Lane = Lane.INSTANT, share: int = 10, held: tuple[str, ...] = ()
) -> list[LeasedDelivery]:
    heads = await queue.flows_ready(connection, lane)
    return (await queue.claim(connection, number, NOW, [(head, share) for head in heads], held))[0] if heads else []


def attempt(outcome: str = "delivered") -> AttemptRecord:
    return AttemptRecord(
        route="mx",
        adapter="mx",
        host="h",
        remote_id="",
        outcome=outcome,
        reason="accepted",
        stage="dot",
        reply_code=250,
        enhanced_code="2.0.0",
        reply="250 ok",
        tls="",
        started_at=NOW,
        duration_ms=1.0,
        digest=b"d",
    )


def final(claimed: LeasedDelivery, event: str = "message.delivered") -> Settlement:
    return Settlement(
        delivery=claimed, attempt=attempt(), event=event, event_id=rows.new_id(NOW), event_data={"reason": "accepted"}, at=NOW
    )


async def test_what_is_accepted_is_claimed_with_its_content(connection: Any) -> None:
    message = rows.message(NOW, recipients=("a@b.example", "c@d.example"))
    await put(connection, message)
    claimed = await claim_all(connection, await worker(connection))
    assert [(c.message, c.position, c.number, c.first_attempt_at) for c in claimed] == [
        (message.id, 0, 1, NOW),
        (message.id, 1, 1, NOW),
    ]
    assert (await contents.fetch(connection, claimed))[message.id].sealed == b"sealed"


async def test_a_claim_takes_the_earliest_deadline_first(connection: Any) -> None:
    late = rows.message(NOW, deadline=NOW + timedelta(seconds=30))
    early = rows.message(NOW, deadline=NOW + timedelta(seconds=3))
    await put(connection, late, early)
    assert [c.message for c in await claim_all(connection, await worker(connection), share=1)] == [early.id]


async def test_a_claim_takes_a_share_of_each_flow_that_waits(connection: Any) -> None:
    await put(connection, *[rows.message(NOW, flow=1, deadline=NOW) for _ in range(50)], rows.message(NOW, flow=2))
    claimed = await claim_all(connection, await worker(connection), share=5)
    assert sorted({c.flow for c in claimed}) == [1, 2]
    assert len(claimed) == 6


async def test_the_watermark_goes_on_where_the_last_claim_ended_and_drops_an_exhausted_flow(connection: Any) -> None:
    await put(connection, *[rows.message(NOW) for _ in range(7)])
    number = await worker(connection)
    heads = await queue.flows_ready(connection, Lane.INSTANT)
    first, marks = await queue.claim(connection, number, NOW, [(head, 5) for head in heads], ())
    second, marks_after = await queue.claim(connection, number, NOW, [(head, 5) for head in marks.values()], ())
    assert (len(first), len(second), len(marks), marks_after) == (5, 2, 1, {})


async def test_an_earlier_arrival_below_the_watermark_is_found_by_its_notification(connection: Any) -> None:
    await put(connection, *[rows.message(NOW) for _ in range(6)])
    number = await worker(connection)
    _, marks = await queue.claim(
        connection, number, NOW, [(head, 5) for head in await queue.flows_ready(connection, Lane.INSTANT)], ()
    )
    early = rows.message(NOW, deadline=NOW)
    await put(connection, early)
    (head,) = queue.read_notification(f"0:1:{int(NOW.timestamp() * 1000)}", datetime(1970, 1, 1, tzinfo=UTC))
    claimed, _ = await queue.claim(connection, number, NOW, [(head, 1)], ())
    assert [c.message for c in claimed] == [early.id]
    assert all(head.deadline < mark.deadline for mark in marks.values())


async def test_two_workers_never_hold_the_same_delivery(database: Database, connection: Any) -> None:
    await put(connection, *[rows.message(NOW) for _ in range(20)])
    one, two = await worker(connection), await worker(connection)
    async with database.session() as other:
        transaction = connection.transaction()
        await transaction.start()
        mine = await claim_all(connection, one, share=12)
        theirs = await claim_all(other, two, share=12)
        await transaction.commit()
    assert not {c.message for c in mine} & {c.message for c in theirs}
    assert len(mine) + len(theirs) == 20


async def test_rows_of_a_saturated_site_are_parked_and_claimed_by_site(connection: Any) -> None:
    other = rows.message(NOW)
    tarpit = rows.message(NOW, deadline=NOW, recipients=("x@tarpit.example",))
    await put(connection, other, tarpit)
    number = await worker(connection)
    assert [c.message for c in await claim_all(connection, number, held=("tarpit.example",))] == [other.id]
    assert await queue.parked_sites(connection) == ["tarpit.example"]
    assert await claim_all(connection, number) == []
    (back,) = await queue.claim_parked(connection, number, NOW, "tarpit.example", 5)
    assert (back.message, back.number) == (tarpit.id, 1)


async def test_settling_deletes_the_row_and_writes_attempt_and_event(connection: Any) -> None:
    await put(connection, rows.message(NOW))
    number = await worker(connection)
    (claimed,) = await claim_all(connection, number)
    assert await settle.settle(connection, number, [final(claimed)], RULE) == [True]
    assert await connection.fetchval("select count(*) from queue") == 0
    assert await connection.fetchval("select outcome from attempt") == "delivered"
    assert await connection.fetch("select type from event order by xid, id") == [("message.queued",), ("message.delivered",)]


async def test_a_settlement_after_the_lease_was_lost_changes_nothing(connection: Any) -> None:
    await put(connection, rows.message(NOW))
    number = await worker(connection)
    (claimed,) = await claim_all(connection, number)
    await queue.release(connection, number, [claimed], restore_number=False)
    (again,) = await claim_all(connection, await worker(connection))
    assert again.number == 2
    assert await settle.settle(connection, number, [final(claimed)], RULE) == [False]
    assert await connection.fetchval("select count(*) from attempt") == 0


async def test_what_is_given_back_untouched_leaves_no_gap_in_the_numbers_of_its_attempts(connection: Any) -> None:
    await put(connection, rows.message(NOW))
    number = await worker(connection)
    (claimed,) = await claim_all(connection, number)
    await queue.release(connection, number, [claimed], restore_number=True)
    (again,) = await claim_all(connection, await worker(connection))
    await queue.park(connection, again_worker := await _worker_of(connection), [again])
    (last,) = await queue.claim_parked(connection, again_worker, NOW, again.site, 1)
    assert (claimed.number, again.number, last.number) == (1, 1, 1)


async def _worker_of(connection: Any) -> int:
    return int(await connection.fetchval("select worker from queue"))


async def test_a_retry_waits_outside_the_ready_line_until_it_is_promoted(connection: Any) -> None:
    await put(connection, rows.message(NOW))
    number = await worker(connection)
    (claimed,) = await claim_all(connection, number)
    later = Settlement(
        delivery=claimed,
        attempt=attempt("deferred"),
        event="message.deferred",
        event_id=rows.new_id(NOW),
        event_data=None,
        at=NOW,
        due=NOW + timedelta(seconds=5),
        tries=1,
    )
    assert await settle.settle(connection, number, [later], RULE) == [True]
    assert await claim_all(connection, number) == []
    assert await queue.promote(connection, NOW + timedelta(seconds=4)) == []
    assert len(await queue.promote(connection, NOW + timedelta(seconds=5))) == 1
    (again,) = await claim_all(connection, number)
    assert (again.number, again.tries, again.first_attempt_at) == (2, 1, NOW)


async def test_a_held_key_keeps_a_second_message_out_and_names_the_first(connection: Any) -> None:
    first, second = rows.message(NOW, dedupe_key="k"), rows.message(NOW, dedupe_key="k")
    await put(connection, first)
    assert await accept.accept(connection, [second, rows.message(NOW)], NOW, rows.new_id) != set()
    assert await connection.fetchval("select count(*) from message") == 2
    holder = await accept.holder(connection, 1, 1, "k")
    assert holder is not None
    assert (holder.message, holder.freed, holder.reply) == (first.id, False, {"id": "x"})


async def test_a_key_whose_window_has_ended_is_taken_over(connection: Any) -> None:
    await put(connection, rows.message(NOW, dedupe_key="k", dedupe_until=NOW))
    await put(connection, rows.message(NOW, dedupe_key="k"))


async def test_a_key_of_a_message_that_came_to_nothing_is_free(connection: Any) -> None:
    await put(connection, rows.message(NOW, dedupe_key="k"))
    number = await worker(connection)
    (claimed,) = await claim_all(connection, number)
    await settle.settle(connection, number, [final(claimed, "message.bounced")], RULE)
    holder = await accept.holder(connection, 1, 1, "k")
    assert holder is not None
    assert holder.freed


async def test_superseding_cancels_older_messages_that_were_never_attempted(connection: Any) -> None:
    old, attempted = rows.message(NOW, supersedes="s"), rows.message(NOW, supersedes="s", deadline=NOW)
    await put(connection, attempted)
    await claim_all(connection, await worker(connection))
    await put(connection, rows.message(NOW, id=old.id, supersedes="s"))
    newest = rows.message(NOW, supersedes="s")
    await put(connection, newest)
    left = {row[0] for row in await connection.fetch("select message from queue")}
    assert left == {attempted.id, newest.id}
    assert await connection.fetchval("select data->>'reason' from event where type = 'message.cancelled'") == "superseded"


async def test_notifications_name_each_flow_once_with_its_earliest_deadline(database: Database, connection: Any) -> None:
    heard: list[str] = []
    async with database.session() as ear:
        await ear.add_listener(queue.CHANNEL, lambda *args: heard.append(args[3]))
        await queue.notify(connection, [FlowHead(0, 1, NOW + timedelta(seconds=1)), FlowHead(0, 1, NOW), FlowHead(3, 2, NOW)])
        await ear.execute("select 1")
        assert sorted(heard[0].split()) == [f"0:1:{int(NOW.timestamp() * 1000)}", f"3:2:{int(NOW.timestamp() * 1000)}"]
        await ear.reset()
