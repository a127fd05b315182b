"""Places of a lane that no other can take, and watermarks that an arrival lowers."""

from datetime import UTC, datetime, timedelta

from posthouse.model import ids
from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.pipeline.deliver.lanes import MOST_FLOWS, RESERVED, SHARED, Lanes

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_full_bulk_lane_leaves_every_other_lane_its_own_places() -> None:
    lanes = Lanes(list(Lane))
    lanes.held[Lane.BULK] = RESERVED[Lane.BULK] + SHARED
    assert lanes.room(Lane.BULK) == 0
    assert lanes.room(Lane.INSTANT) == RESERVED[Lane.INSTANT]


def test_an_arrival_lowers_the_watermark_and_a_later_one_does_not_raise_it() -> None:
    lanes = Lanes(list(Lane))
    lanes.learn(Lane.INSTANT, [FlowHead(0, 1, NOW, ids.new(5, 5))])
    assert lanes.tell([FlowHead(0, 1, NOW - timedelta(seconds=1))])
    lanes.tell([FlowHead(0, 1, NOW + timedelta(seconds=1))])
    assert lanes.take_turn(Lane.INSTANT)[0].deadline == NOW - timedelta(seconds=1)


def test_what_arrived_during_a_claim_is_not_lost_when_the_flow_seemed_exhausted() -> None:
    lanes = Lanes(list(Lane))
    lanes.tell([FlowHead(0, 1, NOW)])
    asked = lanes.take_turn(Lane.INSTANT)
    lanes.tell([FlowHead(0, 1, NOW - timedelta(seconds=1))])
    lanes.advance(Lane.INSTANT, asked, {})
    assert lanes.waits(Lane.INSTANT)


def test_an_exhausted_flow_is_dropped_until_somebody_tells_of_it() -> None:
    lanes = Lanes(list(Lane))
    lanes.tell([FlowHead(0, 1, NOW)])
    lanes.advance(Lane.INSTANT, lanes.take_turn(Lane.INSTANT), {})
    assert not lanes.waits(Lane.INSTANT)


def test_more_flows_than_a_claim_takes_come_round_by_turns() -> None:
    lanes = Lanes(list(Lane))
    lanes.tell([FlowHead(0, flow, NOW) for flow in range(MOST_FLOWS * 2)])
    first = {head.flow for head in lanes.take_turn(Lane.INSTANT)}
    second = {head.flow for head in lanes.take_turn(Lane.INSTANT)}
    assert len(first | second) == MOST_FLOWS * 2


def test_a_worker_of_the_fast_lanes_does_not_hear_of_the_slow() -> None:
    assert not Lanes([Lane.INSTANT, Lane.PROMPT]).tell([FlowHead(int(Lane.BULK), 1, NOW)])
