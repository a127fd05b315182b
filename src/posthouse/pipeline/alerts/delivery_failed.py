"""The alert that a schedule ended and the message was not delivered: once per type, route and hour, not per message (T5)."""

import structlog

from posthouse.model.clock import Clock
from posthouse.model.keys import DeliveryKey
from posthouse.model.outcome import Diagnosis
from posthouse.model.queue import LeasedDelivery
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert
from posthouse.policy.alerts.delivery_failed import RULE
from posthouse.store.postgres.database import Database
from posthouse.telemetry import metrics

log = structlog.get_logger()


class DeliveryFailedAlerts:
    """An ``alert.delivery_failed`` event, a metric and a warning in the log."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, delivery: LeasedDelivery, route: str, diagnosis: Diagnosis) -> None:
        """Count this failure; raise the alert if it is the first of its window."""
        metrics.SCHEDULE_ENDED.labels(delivery.built_in, route).inc()
        parent = {"parent": delivery.parent} if delivery.parent else {}
        alert = NewAlert(
            rule=RULE,
            tenant=delivery.tenant,
            environment=delivery.environment,
            subject=f"{delivery.type}:{route}",
            data={
                "messageType": delivery.type,
                **parent,
                "route": route,
                "reason": diagnosis.reason.value,
                "reply": diagnosis.reply,
            },
            delivery=DeliveryKey(delivery.tenant, delivery.environment, delivery.message, delivery.position),
        )
        async with self._database.transaction() as session:
            if not await raise_alert(session, alert, self._clock.now(), self._entropy.new_id):
                return
        log.warning("delivery failed: schedule ended", type=delivery.type, route=route, reason=diagnosis.reason.value)
