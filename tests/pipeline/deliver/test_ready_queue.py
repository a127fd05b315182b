"""What a worker holds: lanes before flows, flows in turn, deadlines inside a flow."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from posthouse.model import ids
from posthouse.model.message_type import Lane
from posthouse.model.queue import LeasedDelivery
from posthouse.pipeline.deliver.lanes import Lanes
from posthouse.pipeline.deliver.ready_queue import ReadyQueue
from tests.support import rows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def delivery(number: int, **changes: Any) -> LeasedDelivery:
    return rows.claimed(NOW, **({"message": ids.new(1, number)} | changes))


def ready_queue() -> ReadyQueue:
    return ReadyQueue(Lanes(list(Lane)))


def take(ready: ReadyQueue, can_start: Callable[[LeasedDelivery], bool] = lambda _: True) -> LeasedDelivery:
    found = ready.take(can_start)
    assert found is not None
    return found[0]


def test_a_faster_lane_goes_first_whatever_the_deadline() -> None:
    ready = ready_queue()
    ready.add([delivery(1, lane=int(Lane.BULK), deadline=NOW - timedelta(days=1)), delivery(2)], {})
    assert ready.peek().lane == Lane.INSTANT


def test_inside_a_flow_the_earliest_deadline_of_a_claim_goes_first() -> None:
    ready = ready_queue()
    ready.add([delivery(1, deadline=NOW), delivery(2, deadline=NOW + timedelta(seconds=1))], {})
    assert [take(ready).message for _ in range(2)] == [ids.new(1, 1), ids.new(1, 2)]


def test_another_tenants_first_mail_is_next_however_many_of_a_flood_are_held() -> None:
    ready = ready_queue()
    ready.add([delivery(n) for n in range(50)], {})
    ready.take()
    ready.add([delivery(99, flow=2, deadline=NOW + timedelta(seconds=9))], {})
    assert 2 in [take(ready).flow for _ in range(3)]


def test_a_flood_over_many_streams_is_no_further_ahead_than_one_over_a_single_stream() -> None:
    ready = ready_queue()
    ready.add([delivery(n, flow=n) for n in range(1, 51)], {})
    ready.take()
    ready.add([delivery(99, tenant=2, flow=99, deadline=NOW + timedelta(seconds=9))], {})
    assert 2 in [take(ready).tenant for _ in range(3)]


def test_the_streams_of_one_tenant_take_turns() -> None:
    ready = ready_queue()
    ready.add([delivery(n) for n in range(20)], {})
    ready.take()
    ready.add([delivery(99, flow=2, deadline=NOW + timedelta(seconds=9))], {})
    assert 2 in [take(ready).flow for _ in range(4)]


def test_what_has_no_way_out_does_not_stand_before_what_has() -> None:
    ready = ready_queue()
    ready.add([delivery(1), delivery(2, environment=0)], {})
    assert take(ready, lambda each: each.environment == 0).message == ids.new(1, 2)
    assert ready.take(lambda _: False) is None
    assert take(ready).message == ids.new(1, 1)


def test_what_was_never_heard_of_is_lost_and_what_was_kept_is_not() -> None:
    ready = ready_queue()
    known, gone, kept = delivery(1), delivery(2), delivery(3)
    ready.add([known, gone, kept], {})
    ready.finish(gone)
    ready.finish(kept, forget=False)
    assert ready.find_unknown([known, gone, kept, delivery(4)]) == [gone, delivery(4)]


def test_taking_all_of_a_site_leaves_the_others() -> None:
    ready = ready_queue()
    ready.add([delivery(1), delivery(2, site="b.example")], {})
    assert [c.site for c in ready.drain("b.example")] == ["b.example"]
    assert len(ready) == 1
    assert ready.waiting_of_tenant(Lane.INSTANT, delivery(1).tenant) == 1
