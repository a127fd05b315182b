"""What is told about connections that were closed early: a metric by reason, and one log line a minute."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import structlog

from posthouse.telemetry import metrics

log = structlog.get_logger()

INTERVAL_SECONDS: Final = 60.0


class ConnectionRecord:
    """One per listener. ``listener`` is a label of the metrics: ``http``, ``smtp``."""

    def __init__(self, listener: str, monotonic: Callable[[], float]) -> None:
        """``monotonic`` in seconds."""
        self._listener = listener
        self._monotonic = monotonic
        self._next_line_at = monotonic()
        self._reasons: Counter[str] = Counter()

    def show_open(self, connections: int) -> None:
        """How many are open now."""
        metrics.CONNECTIONS.labels(self._listener).set(connections)

    def count(self, reason: str, peer: str) -> None:
        """One more that was closed early. ``peer``: its IP address, of which the line names the latest."""
        metrics.CONNECTIONS_CUT.labels(self._listener, reason).inc()
        self._reasons[reason] += 1
        now = self._monotonic()
        if now >= self._next_line_at:
            log.warning("connections closed early", listener=self._listener, peer=peer, **self._reasons)
            self._next_line_at = now + INTERVAL_SECONDS
            self._reasons.clear()
