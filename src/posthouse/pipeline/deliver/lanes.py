"""What a worker knows of the ready flows, and how many deliveries of each lane it may lease.

Per lane it keeps the flows that may have something ready, each with its *watermark*: the head from which a claim
looks, because everything before it was claimed. NOTIFY lowers a watermark, an exhausted flow is dropped, and a look
at the truth (``store.queue.queue.flows_ready``) replaces all of a lane.

Capacity: each lane has slots of its own that no other lane can take; the rest is shared, first come. So a flood of
bulk mail never takes the slots that an instant message needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Final

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead

RESERVED: Final = {Lane.INSTANT: 64, Lane.PROMPT: 48, Lane.ROUTINE: 32, Lane.BULK: 32}
SHARED: Final = 112
MAX_FLOWS: Final = 64


class Lanes:
    """Watermarks and slots of one worker. ``served``: the lanes it takes from; ``leased``: how many deliveries of each it has."""

    def __init__(self, served: Sequence[Lane]) -> None:
        self.served = tuple(sorted(served))
        self.leased: dict[int, int] = dict.fromkeys(Lane, 0)
        self._heads: dict[int, dict[int, FlowHead]] = {lane: {} for lane in Lane}
        self._tenants: dict[int, int] = {}
        self._last_tenant: dict[int, int] = dict.fromkeys(Lane, 0)
        self._last_flow: dict[tuple[int, int], int] = {}

    def lower_watermarks(self, heads: Iterable[FlowHead]) -> bool:
        """Arrivals: lower the watermarks that they undercut. True if any is of a lane served here."""
        served_here = False
        for head in heads:
            if head.lane in self.served:
                served_here = True
                known = self._heads[head.lane].get(head.flow)
                if known is None or (head.deadline, head.message) < (known.deadline, known.message):
                    self._heads[head.lane][head.flow] = head
        return served_here

    def replace_watermarks(self, lane: int, heads: Iterable[FlowHead]) -> None:
        """The truth about a lane."""
        self._heads[lane] = {head.flow: head for head in heads}

    def raise_watermarks(self, lane: int, claimed: Iterable[FlowHead], watermarks: dict[int, FlowHead]) -> None:
        """After a claim from the heads ``claimed``: the new watermarks; a flow without one is exhausted."""
        for head in claimed:
            # An arrival during the claim put another head in its place: that one is lower and must stay.
            if self._heads[lane].get(head.flow) is not head:
                continue
            if head.flow in watermarks:
                self._heads[lane][head.flow] = watermarks[head.flow]
            else:
                del self._heads[lane][head.flow]

    def unknown_flows(self, lane: int) -> list[int]:
        """The flows of a lane whose tenant nobody has told yet (``learn_tenants``)."""
        return [flow for flow in self._heads[lane] if flow not in self._tenants]

    def learn_tenants(self, tenants: Mapping[int, int]) -> None:
        """Whose flows they are; that never changes."""
        self._tenants.update(tenants)

    def tenant_of(self, flow: int) -> int:
        """Whose flow it is; one that is not known yet counts as a tenant of its own."""
        return self._tenants.get(flow, -flow)

    def next_flows(self, lane: int) -> list[FlowHead]:
        """The flows to claim from: all, or the next sixty-four, of each tenant in turn, so that each flow has its turn."""
        flows = sorted(self._heads[lane])
        if len(flows) > MAX_FLOWS:
            flows = self._take_turns(lane, flows)
        return [self._heads[lane][flow] for flow in flows]

    def share_out(self, heads: Sequence[FlowHead], total: int) -> list[tuple[FlowHead, int]]:
        """How many of each flow may be claimed, of ``total``: shared among tenants first, then among a tenant's flows.

        A tenant gets no more by having many flows: of those beyond its share the next claim takes some.
        """
        by_tenant: dict[int, list[FlowHead]] = {}
        for head in heads:
            by_tenant.setdefault(self.tenant_of(head.flow), []).append(head)
        quota = max(1, total // max(1, len(by_tenant)))
        return [(head, max(1, quota // len(mine))) for mine in by_tenant.values() for head in mine[:quota]]

    def _take_turns(self, lane: int, flows: list[int]) -> list[int]:
        by_tenant: dict[int, list[int]] = {}
        for flow in flows:
            by_tenant.setdefault(self.tenant_of(flow), []).append(flow)
        tenants = _behind(sorted(by_tenant), self._last_tenant[lane])
        waiting = [_behind(by_tenant[tenant], self._last_flow.get((lane, tenant), 0)) for tenant in tenants]
        picked = [flow for turn in zip_longest(*waiting) for flow in turn if flow is not None][:MAX_FLOWS]
        for flow in picked:
            self._last_flow[lane, self.tenant_of(flow)] = flow
        self._last_tenant[lane] = self.tenant_of(picked[-1])
        return picked

    def free_slots(self, lane: int) -> int:
        """How many more deliveries of the lane may be leased now."""
        shared = sum(max(0, self.leased[other] - RESERVED[Lane(other)]) for other in self.leased)
        return max(0, RESERVED[Lane(lane)] - self.leased[lane]) + max(0, SHARED - shared)

    def should_claim(self, lane: int) -> bool:
        """Something is ready, and there are slots for a batch that is worth a round trip (or the lane is empty)."""
        if not self._heads[lane]:
            return False
        free = self.free_slots(lane)
        return free >= RESERVED[Lane(lane)] // 2 or (free > 0 and self.leased[lane] == 0)


def _behind(numbers: list[int], last: int) -> list[int]:
    """A sorted list as a ring that begins behind ``last``."""
    start = next((index for index, number in enumerate(numbers) if number > last), 0)
    return numbers[start:] + numbers[:start]
