"""Forged recipients are counted, and a sample of them logged: one line a minute at most, with how many there were since the last.

A line says whether it looked like a return path or an unsubscribe address, never the address: logs hold none.
"""

from collections.abc import Callable
from typing import Final

import structlog

from posthouse.telemetry import metrics

log = structlog.get_logger()

INTERVAL_SECONDS: Final = 60.0
_LOOKS_LIKE: Final = {"b+": "return path", "u+": "unsubscribe address"}


class SampledLog:
    """One per process that takes returned mail."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """``monotonic`` in seconds."""
        self._monotonic = monotonic
        self._next_line_at = monotonic()
        self._refused = 0

    def count(self, local_part: str) -> None:
        """One more recipient whose address is nobody's."""
        metrics.FORGED.labels("inbound").inc()
        self._refused += 1
        now = self._monotonic()
        if now >= self._next_line_at:
            looks_like = _LOOKS_LIKE.get(local_part[:2].lower(), "neither")
            log.warning("returned mail to nobody refused", looks_like=looks_like, refused=self._refused)
            self._next_line_at, self._refused = now + INTERVAL_SECONDS, 0
