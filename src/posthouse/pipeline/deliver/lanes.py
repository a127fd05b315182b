"""What a worker knows of the ready flows, and how many deliveries of each lane it may lease.

Per lane it keeps the flows that may have something ready, each with its *watermark*: the head from which a claim
looks, because everything before it was claimed. NOTIFY lowers a watermark, an exhausted flow is dropped, and a look
at the truth (``store.queue.queue.flows_ready``) replaces all of a lane.

Capacity: each lane has slots of its own that no other lane can take; the rest is shared, first come. So a flood of
bulk mail never takes the slots that an instant message needs.
"""

from collections.abc import Iterable, Sequence
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
        self._last_flow: dict[int, int] = dict.fromkeys(Lane, 0)

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

    def next_flows(self, lane: int) -> list[FlowHead]:
        """The flows to claim from: all, or the next sixty-four in a round, so that each has its turn."""
        flows = sorted(self._heads[lane])
        if len(flows) > MAX_FLOWS:
            start = next((i for i, flow in enumerate(flows) if flow > self._last_flow[lane]), 0)
            flows = (flows[start:] + flows[:start])[:MAX_FLOWS]
            self._last_flow[lane] = flows[-1]
        return [self._heads[lane][flow] for flow in flows]

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
