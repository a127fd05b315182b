"""Is there mail that should have left by now and that nobody has tried? The one alert about what has not happened.

Every other figure counts what arrived, so a queue that stands still looks perfectly punctual. What was tried and deferred by its
receiver is the receiver's doing and not counted here.
"""

import structlog

from posthouse.model.clock import Clock
from posthouse.model.message_type import Lane
from posthouse.model.queue import LateMail
from posthouse.model.time_format import iso_millis
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert
from posthouse.policy.alerts.mail_waits import PAST_TARGET, RULE
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue

log = structlog.get_logger()


class WaitingMailAlerts:
    """``check`` now and then; any number of processes may."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy

    async def check(self) -> None:
        """Raise the alert for each tenant, environment and lane with such mail, once an hour."""
        now = self._clock.now()
        async with self._database.session() as session:
            late = [mail for lane in Lane for mail in await queue.late_untried(session, lane, now - PAST_TARGET)]
        for mail in late:
            await self._raise(mail)

    async def _raise(self, mail: LateMail) -> None:
        lane = Lane(mail.lane).name.lower()
        data = {"lane": lane, "waiting": mail.count, "since": iso_millis(mail.deadline)}
        alert = NewAlert(rule=RULE, tenant=mail.tenant, environment=mail.environment, subject=lane, data=data)
        async with self._database.transaction() as session:
            if await raise_alert(session, alert, self._clock.now(), self._entropy.new_id):
                log.warning("mail waits", lane=lane, waiting=mail.count)
