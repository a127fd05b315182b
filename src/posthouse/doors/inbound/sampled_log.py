"""What is forged is counted, and a sample of it told in the log: one line a minute at most, with how many there were since the last.

A line says whether it looked like a return path or a way out of a list, never the address: logs hold none.
"""

from collections.abc import Callable
from typing import Final

import structlog

from posthouse.telemetry import metrics

log = structlog.get_logger()

APART: Final = 60.0  # seconds
_LOOKS: Final = {"b+": "return path", "u+": "way out of a list"}


class SampledLog:
    """One per process that takes returned mail."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        """Nothing was forged yet; ``monotonic`` in seconds."""
        self._monotonic = monotonic
        self._next = monotonic()
        self._since = 0

    def count(self, local: str) -> None:
        """One more recipient that is nobody's."""
        metrics.FORGED.labels("inbound").inc()
        self._since += 1
        now = self._monotonic()
        if now >= self._next:
            log.warning(
                "returned mail to nobody refused", looks_like=_LOOKS.get(local[:2].lower(), "neither"), refused=self._since
            )
            self._next, self._since = now + APART, 0
