"""How much mail to the operator's mailboxes is taken: they need no token, so anybody may write to them, and it is stored.

``policy.throttle``'s bucket: ``ROOM`` messages, filling again by one every ``REFILL``; what does not fit is asked to come back
later, which mail servers do. So ten thousand complaints to ``abuse@`` leave fifty and not ten thousand.

Known sharp edges: one bucket a process, and whoever empties it keeps others waiting until there is room again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from posthouse.policy.throttle import BucketTaken, take

ROOM: Final = 50
REFILL: Final = timedelta(minutes=5)


class RateLimit:
    """One per process that takes returned mail."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """``now``: aware."""
        self._now = now
        self._full_at: datetime | None = None

    def take(self) -> bool:
        """Whether one more is taken; it counts then."""
        taken = take(self._full_at, ROOM, 1, self._now(), window=ROOM * REFILL)
        if not isinstance(taken, BucketTaken):
            return False
        self._full_at = taken.full_at
        return True
