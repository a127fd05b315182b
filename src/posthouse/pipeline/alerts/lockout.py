"""An address on the list keeps somebody from signing in, or a rule passed one it had caught: operations are told.

Once per message type, cause and hour and not per message, as ``alert`` does it; whoever was told of a window already
asks the database no more about it.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from posthouse.model.clock import Clock
from posthouse.model.event import EventType
from posthouse.model.suppression import Ruling, SuppressionAnswer, SuppressionFact
from posthouse.net.entropy import Entropy
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database

log = structlog.get_logger()

WINDOW: Final = timedelta(hours=1)
_MOST_REMEMBERED: Final = 1000


class Lockouts:
    """An ``alert.suppression_lockout`` event and a warning line."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        """Windows are kept in the database, so all processes share them."""
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._told: dict[tuple[int, int, str, datetime], None] = {}

    async def __call__(
        self, tenant: int, environment: int, message_type: str, stream: str, entry: SuppressionFact, ruling: Ruling
    ) -> None:
        """Tell of it, if it is the first of its window."""
        now = self._clock.now()
        name, window = f"suppression_lockout:{message_type}:{entry.cause.value}", window_of(now, WINDOW)
        place = (tenant, environment, name, window)
        if place in self._told:
            return
        data = {
            "messageType": message_type, "stream": stream, "reason": entry.cause.value, "suppression": entry.id,
            "blocked": ruling.answer is SuppressionAnswer.BLOCK, "why": ruling.why,
        }  # fmt: skip
        async with self._database.transaction() as session:
            if await events.first_in_window(session, *place):
                kind, new = EventType.ALERT_SUPPRESSION_LOCKOUT.value, self._entropy.new_id(now)
                await events.append(session, tenant, environment, new, kind, now, data)
                log.warning("suppression locks out", type=message_type, reason=entry.cause.value, blocked=data["blocked"])
        while len(self._told) >= _MOST_REMEMBERED:
            del self._told[next(iter(self._told))]
        self._told[place] = None


def window_of(now: datetime, length: timedelta) -> datetime:
    """Where the window begins that ``now`` lies in."""
    seconds = length.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)
