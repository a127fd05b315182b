"""Places of a lane that no other can take, and watermarks that an arrival lowers."""

from datetime import UTC, datetime, timedelta

from posthouse.model import ids
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.pipeline.deliver.lanes import MAX_FLOWS, RESERVED, SHARED, Lanes

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_full_bulk_lane_leaves_every_other_lane_its_own_places() -> None:
    lanes = Lanes(list(Lane))
    lanes.leased[Lane.BULK] = RESERVED[Lane.BULK] + SHARED
    assert lanes.free_slots(Lane.BULK) == 0
    assert lanes.free_slots(Lane.INSTANT) == RESERVED[Lane.INSTANT]


def test_an_arrival_lowers_the_watermark_and_a_later_one_does_not_raise_it() -> None:
    lanes = Lanes(list(Lane))
    lanes.replace_watermarks(Lane.INSTANT, [FlowHead(0, 1, NOW, ids.new(5, 5))])
    assert lanes.lower_watermarks([FlowHead(0, 1, NOW - timedelta(seconds=1))])
    lanes.lower_watermarks([FlowHead(0, 1, NOW + timedelta(seconds=1))])
    assert lanes.next_flows(Lane.INSTANT)[0].deadline == NOW - timedelta(seconds=1)


def test_what_arrived_during_a_claim_is_not_lost_when_the_flow_seemed_exhausted() -> None:
    lanes = Lanes(list(Lane))
    lanes.lower_watermarks([FlowHead(0, 1, NOW)])
    claimed = lanes.next_flows(Lane.INSTANT)
    lanes.lower_watermarks([FlowHead(0, 1, NOW - timedelta(seconds=1))])
    lanes.raise_watermarks(Lane.INSTANT, claimed, {})
    assert lanes.next_flows(Lane.INSTANT)


def test_an_exhausted_flow_is_dropped_until_somebody_tells_of_it() -> None:
    lanes = Lanes(list(Lane))
    lanes.lower_watermarks([FlowHead(0, 1, NOW)])
    lanes.raise_watermarks(Lane.INSTANT, lanes.next_flows(Lane.INSTANT), {})
    assert not lanes.next_flows(Lane.INSTANT)


def test_more_flows_than_a_claim_takes_come_round_by_turns() -> None:
    lanes = Lanes(list(Lane))
    lanes.lower_watermarks([FlowHead(0, flow, NOW) for flow in range(MAX_FLOWS * 2)])
    first = {head.flow for head in lanes.next_flows(Lane.INSTANT)}
    second = {head.flow for head in lanes.next_flows(Lane.INSTANT)}
    assert len(first | second) == MAX_FLOWS * 2


def test_a_worker_of_the_fast_lanes_does_not_hear_of_the_slow() -> None:
    assert not Lanes([Lane.INSTANT, Lane.PROMPT]).lower_watermarks([FlowHead(int(Lane.BULK), 1, NOW)])


FLOOD = [FlowHead(0, flow, NOW) for flow in range(1, 2001)]
OTHER = FlowHead(0, 5000, NOW)


def flooded() -> Lanes:
    """Two thousand streams of tenant 1, and one of tenant 2."""
    lanes = Lanes(list(Lane))
    lanes.lower_watermarks([*FLOOD, OTHER])
    assert set(lanes.unknown_flows(Lane.INSTANT)) == {head.flow for head in (*FLOOD, OTHER)}
    lanes.learn_tenants({head.flow: 1 for head in FLOOD} | {OTHER.flow: 2})
    assert lanes.unknown_flows(Lane.INSTANT) == []
    return lanes


def test_every_claim_has_the_flow_of_a_tenant_with_one_however_many_another_has() -> None:
    lanes = flooded()
    claims = [lanes.next_flows(Lane.INSTANT) for _ in range(40)]
    assert all(OTHER in heads for heads in claims)
    assert len({head.flow for heads in claims for head in heads}) == 2001


def test_shares_are_for_tenants_first_and_then_for_the_flows_of_each() -> None:
    lanes = flooded()
    shares = lanes.share_out(lanes.next_flows(Lane.INSTANT), 48)
    of_flood = [share for head, share in shares if head != OTHER]
    assert [share for head, share in shares if head == OTHER] == [24]
    assert (sum(of_flood), max(of_flood)) == (24, 1)


def test_a_tenant_that_is_alone_has_all_of_it() -> None:
    lanes = Lanes(list(Lane))
    lanes.learn_tenants({1: 1, 2: 1})
    assert lanes.share_out([FlowHead(0, 1, NOW), FlowHead(0, 2, NOW)], 48) == [
        (FlowHead(0, 1, NOW), 24),
        (FlowHead(0, 2, NOW), 24),
    ]
