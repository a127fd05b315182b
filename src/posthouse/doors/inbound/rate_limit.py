"""How much mail to the operator's mailboxes is taken: they need no token, so anybody may write to them, and it is kept.

A bucket of ``ROOM`` mails that fills again by one every ``REFILL``; what does not fit is asked to come back later, which mail
servers do. So ten thousand complaints to ``abuse@`` leave fifty and not ten thousand.

Known sharp edges: one bucket a process, and whoever empties it keeps others waiting until there is room again.
"""

from collections.abc import Callable
from typing import Final

ROOM: Final = 50.0
REFILL: Final = 300.0  # seconds


class RateLimit:
    """One per process that takes returned mail."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Full; ``monotonic`` in seconds."""
        self._monotonic = monotonic
        self._left = ROOM
        self._seen = monotonic()

    def takes(self) -> bool:
        """Whether one more is taken; it counts then."""
        now = self._monotonic()
        self._left = min(ROOM, self._left + (now - self._seen) / REFILL)
        self._seen = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
