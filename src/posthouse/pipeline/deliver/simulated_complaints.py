"""The complaint of a simulated recipient, published after its delivery (X2)."""

from posthouse.model.clock import Clock
from posthouse.model.event import EventType
from posthouse.model.queue import LeasedDelivery
from posthouse.net.entropy import Entropy
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database


class SimulatedComplaints:
    """A ``message.complained`` event."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy

    async def __call__(self, delivery: LeasedDelivery) -> None:
        """Publish it."""
        now = self._clock.now()
        async with self._database.session() as session:
            await events.append(
                session,
                delivery.tenant,
                delivery.environment,
                self._entropy.new_id(now),
                EventType.COMPLAINED.value,
                now,
                {"reason": "simulated"},
                message=delivery.message,
                position=delivery.position,
            )
