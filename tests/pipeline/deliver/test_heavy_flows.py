"""A heavy flow is left to others only while somebody else is there."""

from datetime import UTC, datetime

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.pipeline.deliver.heavy_flows import HEAVY, HeavyFlows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FLOOD, OTHER = (FlowHead(int(Lane.INSTANT), flow, NOW) for flow in (1, 2))


def flooded() -> HeavyFlows:
    company = HeavyFlows()
    company.met(Lane.INSTANT, FLOOD.flow, int(HEAVY) * 2, 0.0)
    return company


def test_a_flow_that_is_alone_has_everybody() -> None:
    assert flooded().light([FLOOD], 0.1) == [FLOOD]


def test_beside_another_the_heavy_one_is_left_to_others() -> None:
    assert flooded().light([FLOOD, OTHER], 0.1) == [OTHER]


def test_the_other_counts_for_a_while_after_its_mail_was_taken() -> None:
    company = flooded()
    company.met(Lane.INSTANT, OTHER.flow, 1, 0.1)
    assert company.light([FLOOD], 0.5) == []
    assert company.light([FLOOD], 2.0) == [FLOOD]


def test_a_flow_that_was_heavy_is_helped_again_little_by_little() -> None:
    company = flooded()
    assert company.light([FLOOD, OTHER], 0.5) == [OTHER]
    assert company.light([FLOOD, OTHER], 1.5) == [FLOOD, OTHER]


def test_another_lane_is_no_company() -> None:
    company = flooded()
    company.met(Lane.PROMPT, OTHER.flow, 1, 0.1)
    assert company.light([FLOOD], 0.2) == [FLOOD]
