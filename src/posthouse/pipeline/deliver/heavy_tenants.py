"""Which tenants are heavy in a lane, so that a worker of the fast lanes can leave them to others while somebody else waits.

Such a worker that helps with one tenant's flood keeps every processor busy, and another tenant's single mail then waits for the
processor at each step. So while more than one tenant is active in a lane it takes little of the heavy ones, over however many
flows their mail comes; the workers of all lanes, which run at a lower priority, go on with those. A tenant that is alone has
every worker.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

from posthouse.model.queue import FlowHead

MEMORY: Final = 1.0  # seconds
HEAVY: Final = 64.0  # claimed within about the memory
_Tenant = tuple[int, int]  # lane and tenant


class HeavyTenants:
    """The tenants that one worker claimed from lately; times are monotonic seconds."""

    def __init__(self) -> None:
        self._weights: dict[_Tenant, tuple[float, float]] = {}

    def record(self, lane: int, tenant: int, count: int, now: float) -> None:
        """So many of a tenant were claimed."""
        self._weights[lane, tenant] = (self._weight(lane, tenant, now) + count, now)

    def without_heavy(self, heads: Sequence[FlowHead], tenant_of: Callable[[int], int], now: float) -> list[FlowHead]:
        """Those of ``heads`` (of one lane) whose tenants are not heavy; all of them where one tenant is alone.

        ``tenant_of``: whose flow it is.
        """
        self._weights = {key: weight for key, weight in self._weights.items() if now - weight[1] < 5 * MEMORY}
        lane = heads[0].lane if heads else 0
        active = {tenant for (other, tenant), (_, at) in self._weights.items() if other == lane and now - at < MEMORY}
        if len(active | {tenant_of(head.flow) for head in heads}) < 2:
            return list(heads)
        return [head for head in heads if self._weight(lane, tenant_of(head.flow), now) < HEAVY]

    def _weight(self, lane: int, tenant: int, now: float) -> float:
        """What was claimed lately, decaying with the memory."""
        weight, at = self._weights.get((lane, tenant), (0.0, now))
        return weight * math.exp(-(now - at) / MEMORY)
