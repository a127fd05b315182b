"""What is logged and counted about wrong keys and logins.

A stranger decides how often these things happen, so the lines are sampled: the metric counts everything, the log has enough to
see what goes on and to let a tool such as fail2ban act on the peer's address.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from posthouse.telemetry import metrics

log = structlog.get_logger()

SECONDS: Final = 60.0
LINES_OF_A_PEER: Final = 5  # in a minute
LINES: Final = 60  # in a minute, of all peers together
PEERS: Final = 1000  # remembered


class DenialLog:
    """Keys and logins that are nobody's: each counted, a few lines a minute with the peer's address."""

    def __init__(self, door: str, event: str, monotonic: Callable[[], float]) -> None:
        """``event``: what the lines say."""
        self._door = door
        self._event = event
        self._monotonic = monotonic
        self._began_at = float("-inf")
        self._lines = 0
        self._unsaid = 0
        self._by_peer: OrderedDict[str, int] = OrderedDict()

    def note(self, peer: str) -> None:
        """One more, of a peer's IP address."""
        metrics.DENIED.labels(self._door).inc()
        now = self._monotonic()
        if now - self._began_at >= SECONDS:
            self._began_at, self._lines = now, 0
            self._by_peer.clear()
        count = self._by_peer[peer] = self._by_peer.pop(peer, 0) + 1
        if len(self._by_peer) > PEERS:
            self._by_peer.popitem(last=False)
        if count > LINES_OF_A_PEER or self._lines >= LINES:
            self._unsaid += 1
            return
        self._lines += 1
        log.warning(self._event, door=self._door, peer=peer, **({"unsaid": self._unsaid} if self._unsaid else {}))
        self._unsaid = 0
