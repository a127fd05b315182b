"""Who else is there? Which flows of a lane are heavy, so that a worker can leave them to others while somebody waits.

A worker of the fast lanes that helps with one tenant's flood keeps every processor busy, and another tenant's single
mail then waits for the processor at each step. So while more than one flow is alive in a lane it takes little of the
heavy ones; the workers of all lanes, which step back for it, go on with those. Alone, a flow has everybody.
"""

import math
from collections.abc import Sequence
from typing import Final

from posthouse.model.queue import FlowHead

MEMORY: Final = 1.0  # seconds
HEAVY: Final = 64.0  # claimed within about the memory


class HeavyFlows:
    """The flows that one worker met lately; times are monotonic seconds."""

    def __init__(self) -> None:
        """Nobody was met."""
        self._met: dict[tuple[int, int], tuple[float, float]] = {}

    def met(self, lane: int, flow: int, count: int, now: float) -> None:
        """So many of a flow were claimed."""
        self._met[lane, flow] = (self._weight(lane, flow, now) + count, now)

    def light(self, heads: Sequence[FlowHead], now: float) -> list[FlowHead]:
        """Those of ``heads`` (of one lane) that are not heavy; all of them where one flow is alone."""
        self._met = {key: seen for key, seen in self._met.items() if now - seen[1] < 5 * MEMORY}
        lane = heads[0].lane if heads else 0
        alive = {flow for (where, flow), (_, at) in self._met.items() if where == lane and now - at < MEMORY}
        if len(alive | {head.flow for head in heads}) < 2:
            return list(heads)
        return [head for head in heads if self._weight(lane, head.flow, now) < HEAVY]

    def _weight(self, lane: int, flow: int, now: float) -> float:
        weight, at = self._met.get((lane, flow), (0.0, now))
        return weight * math.exp(-(now - at) / MEMORY)
