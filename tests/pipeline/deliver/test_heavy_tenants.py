"""A heavy tenant is left to others only while somebody else is there."""

from datetime import UTC, datetime

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead
from posthouse.pipeline.deliver.heavy_tenants import HEAVY, HeavyTenants

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FLOOD, OTHER = (FlowHead(int(Lane.INSTANT), flow, NOW) for flow in (1, 2))


def tenant_of(flow: int) -> int:
    return flow * 10


def flooded() -> HeavyTenants:
    flows = HeavyTenants()
    flows.record(Lane.INSTANT, tenant_of(FLOOD.flow), int(HEAVY) * 2, 0.0)
    return flows


def test_a_tenant_that_is_alone_has_every_worker() -> None:
    assert flooded().without_heavy([FLOOD], tenant_of, 0.1) == [FLOOD]


def test_beside_another_the_heavy_one_is_left_to_others() -> None:
    assert flooded().without_heavy([FLOOD, OTHER], tenant_of, 0.1) == [OTHER]


def test_the_other_counts_for_a_while_after_its_mail_was_claimed() -> None:
    flows = flooded()
    flows.record(Lane.INSTANT, tenant_of(OTHER.flow), 1, 0.1)
    assert flows.without_heavy([FLOOD], tenant_of, 0.5) == []
    assert flows.without_heavy([FLOOD], tenant_of, 2.0) == [FLOOD]


def test_a_tenant_that_was_heavy_is_helped_again_little_by_little() -> None:
    flows = flooded()
    assert flows.without_heavy([FLOOD, OTHER], tenant_of, 0.5) == [OTHER]
    assert flows.without_heavy([FLOOD, OTHER], tenant_of, 1.5) == [FLOOD, OTHER]


def test_a_tenant_of_another_lane_does_not_count() -> None:
    flows = flooded()
    flows.record(Lane.PROMPT, tenant_of(OTHER.flow), 1, 0.1)
    assert flows.without_heavy([FLOOD], tenant_of, 0.2) == [FLOOD]
