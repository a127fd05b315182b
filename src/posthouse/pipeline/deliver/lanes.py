"""What a worker knows of the ready lines, and how much of each lane it may hold.

Per lane the flows that may have something, each with the watermark from which to look. NOTIFY lowers a
watermark, an exhausted flow is dropped, and a look at the truth (``store.queue.queue.flows_ready``) replaces all.

Capacity: each lane has places of its own that no other lane can take; the rest is shared, first come.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from posthouse.model.message_type import Lane
from posthouse.model.queue import FlowHead

RESERVED: Final = {Lane.INSTANT: 64, Lane.PROMPT: 48, Lane.ROUTINE: 32, Lane.BULK: 32}
SHARED: Final = 112
MOST_FLOWS: Final = 64


class Lanes:
    """Heads and places of one worker; ``served``: the lanes it takes from."""

    def __init__(self, served: Sequence[Lane]) -> None:
        """Nothing is known and nothing held."""
        self.served = tuple(sorted(served))
        self._heads: dict[int, dict[int, FlowHead]] = {lane: {} for lane in Lane}
        self._turn: dict[int, int] = dict.fromkeys(Lane, 0)
        self.held: dict[int, int] = dict.fromkeys(Lane, 0)

    def tell(self, heads: Iterable[FlowHead]) -> bool:
        """Arrivals: lower the watermarks they undercut. True if any concerns a lane served here."""
        ours = False
        for head in heads:
            if head.lane in self.served:
                ours = True
                known = self._heads[head.lane].get(head.flow)
                if known is None or (head.deadline, head.message) < (known.deadline, known.message):
                    self._heads[head.lane][head.flow] = head
        return ours

    def learn(self, lane: int, heads: Iterable[FlowHead]) -> None:
        """The truth about a lane."""
        self._heads[lane] = {head.flow: head for head in heads}

    def waits(self, lane: int) -> bool:
        """Whether anything is known to wait in the lane."""
        return bool(self._heads[lane])

    def take_turn(self, lane: int) -> list[FlowHead]:
        """The flows whose turn it is: all, or the next sixty-four in a round."""
        flows = sorted(self._heads[lane])
        if len(flows) > MOST_FLOWS:
            start = next((i for i, flow in enumerate(flows) if flow > self._turn[lane]), 0)
            flows = (flows[start:] + flows[:start])[:MOST_FLOWS]
            self._turn[lane] = flows[-1]
        return [self._heads[lane][flow] for flow in flows]

    def advance(self, lane: int, asked: Iterable[FlowHead], watermarks: dict[int, FlowHead]) -> None:
        """After a claim: raise the watermarks, drop exhausted flows; what arrived meanwhile stays lower."""
        for head in asked:
            if self._heads[lane].get(head.flow) is not head:
                continue
            if head.flow in watermarks:
                self._heads[lane][head.flow] = watermarks[head.flow]
            else:
                del self._heads[lane][head.flow]

    def room(self, lane: int) -> int:
        """How many more deliveries of the lane may be held now."""
        beyond = sum(max(0, self.held[other] - RESERVED[Lane(other)]) for other in self.held)
        return max(0, RESERVED[Lane(lane)] - self.held[lane]) + max(0, SHARED - beyond)

    def worth_claiming(self, lane: int) -> bool:
        """Something waits, and there is room for a batch worth a round trip (or the lane is empty)."""
        if not self._heads[lane]:
            return False
        room = self.room(lane)
        return room >= RESERVED[Lane(lane)] // 2 or (room > 0 and self.held[lane] == 0)
