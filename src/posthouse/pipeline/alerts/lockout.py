"""The alert that a suppression keeps somebody from signing in, or that a type which may pass met one.

Once per message type, cause and hour and not per message. A process remembers which windows have their alert and asks
the database no more about them.
"""

from datetime import datetime
from typing import Final

import structlog

from posthouse.model.clock import Clock
from posthouse.model.suppression import Ruling, SuppressionAnswer, SuppressionFact
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert, window_start
from posthouse.policy.alerts.suppression_lockout import RULE, WINDOW
from posthouse.store.postgres.database import Database

log = structlog.get_logger()

_MOST_REMEMBERED: Final = 1000
_Window = tuple[int, int, str, datetime]


class Lockouts:
    """An ``alert.suppression_lockout`` event and a warning in the log."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._raised: dict[_Window, None] = {}

    async def __call__(
        self, tenant: int, environment: int, message_type: str, stream: str, entry: SuppressionFact, ruling: Ruling
    ) -> None:
        """Raise the alert if it is the first of its window."""
        now, subject, cause = self._clock.now(), f"{message_type}:{entry.cause.value}", entry.cause.value
        window = (tenant, environment, subject, window_start(now, WINDOW))
        if window in self._raised:
            return
        blocked = ruling.answer is SuppressionAnswer.BLOCK
        data = {
            "messageType": message_type,
            "stream": stream,
            "reason": cause,
            "suppression": entry.id,
            "blocked": blocked,
            "why": ruling.why,
        }
        alert = NewAlert(rule=RULE, tenant=tenant, environment=environment, subject=subject, data=data)
        async with self._database.transaction() as session:
            if await raise_alert(session, alert, now, self._entropy.new_id):
                log.warning("suppression locks out", type=message_type, reason=cause, blocked=blocked)
        while len(self._raised) >= _MOST_REMEMBERED:
            del self._raised[next(iter(self._raised))]
        self._raised[window] = None
