"""Telling operations that a schedule ended undelivered: once per type, route and hour, not per message (T5)."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from posthouse.model.clock import Clock
from posthouse.model.event import EventType
from posthouse.model.outcome import Diagnosis
from posthouse.model.queue import LeasedDelivery
from posthouse.net.entropy import Entropy
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database
from posthouse.telemetry import metrics

log = structlog.get_logger()

WINDOW: Final = timedelta(hours=1)


class Alerts:
    """An ``alert.delivery_failed`` event, a metric and a warning line."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        """Windows are kept in the database, so all workers share them."""
        self._database = database
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, delivery: LeasedDelivery, route: str, diagnosis: Diagnosis) -> None:
        """Count this failure; tell of it if it is the first of its window."""
        metrics.SCHEDULE_ENDED.labels(delivery.built_in, route).inc()
        now = self._clock.now()
        name = f"delivery_failed:{delivery.type}:{route}"
        async with self._database.session() as session:
            first = await events.first_in_window(session, delivery.tenant, delivery.environment, name, _window(now))
            if not first:
                return
            parent = {"parent": delivery.parent} if delivery.parent else {}
            data = {
                "messageType": delivery.type,
                **parent,
                "route": route,
                "reason": diagnosis.reason.value,
                "reply": diagnosis.reply,
            }
            await events.append(
                session, delivery.tenant, delivery.environment, self._entropy.new_id(now), EventType.ALERT_DELIVERY_FAILED.value,
                now, data, message=delivery.message, position=delivery.position,
            )  # fmt: skip
        log.warning("delivery failed: schedule ended", type=delivery.type, route=route, reason=diagnosis.reason.value)


class Complaints:
    """The complaint of a simulated recipient, told after its delivery (X2)."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        """Nothing is held."""
        self._database = database
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, delivery: LeasedDelivery) -> None:
        """Tell of it."""
        now = self._clock.now()
        async with self._database.session() as session:
            await events.append(
                session, delivery.tenant, delivery.environment, self._entropy.new_id(now), EventType.COMPLAINED.value, now,
                {"reason": "simulated"}, message=delivery.message, position=delivery.position,
            )  # fmt: skip


def _window(now: datetime) -> datetime:
    return datetime.fromtimestamp(now.timestamp() // WINDOW.total_seconds() * WINDOW.total_seconds(), tz=now.tzinfo)
