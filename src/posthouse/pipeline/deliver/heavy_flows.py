"""Which flows of a lane are heavy, so that a worker of the fast lanes can leave them to others while somebody else waits.

Such a worker that helps with one tenant's flood keeps every processor busy, and another tenant's single mail then waits for the
processor at each step. So while more than one flow is active in a lane it takes little of the heavy ones; the
workers of all lanes, which run at a lower priority, go on with those. A flow that is alone has every worker.
"""

import math
from collections.abc import Sequence
from typing import Final

from posthouse.model.queue import FlowHead

MEMORY: Final = 1.0  # seconds
HEAVY: Final = 64.0  # claimed within about the memory
_Flow = tuple[int, int]


class HeavyFlows:
    """The flows that one worker claimed from lately; times are monotonic seconds."""

    def __init__(self) -> None:
        self._weights: dict[_Flow, tuple[float, float]] = {}

    def record(self, lane: int, flow: int, count: int, now: float) -> None:
        """So many of a flow were claimed."""
        self._weights[lane, flow] = (self._weight(lane, flow, now) + count, now)

    def without_heavy(self, heads: Sequence[FlowHead], now: float) -> list[FlowHead]:
        """Those of ``heads`` (of one lane) that are not heavy; all of them where one flow is alone."""
        self._weights = {flow: weight for flow, weight in self._weights.items() if now - weight[1] < 5 * MEMORY}
        lane = heads[0].lane if heads else 0
        active = {flow for (other, flow), (_, at) in self._weights.items() if other == lane and now - at < MEMORY}
        if len(active | {head.flow for head in heads}) < 2:
            return list(heads)
        return [head for head in heads if self._weight(lane, head.flow, now) < HEAVY]

    def _weight(self, lane: int, flow: int, now: float) -> float:
        """What was claimed lately, decaying with the memory."""
        weight, at = self._weights.get((lane, flow), (0.0, now))
        return weight * math.exp(-(now - at) / MEMORY)
