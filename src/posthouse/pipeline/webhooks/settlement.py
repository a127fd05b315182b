"""What attempts to deliver events came to, written down: in batches, with the alert for an endpoint that they disabled.

A batch waits while the database is away: what was delivered must not be forgotten, or it would be delivered again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import structlog

from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import HealthChange, WebhookResult
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert
from posthouse.policy.alerts import webhook_disabled
from posthouse.store.postgres.database import Database, Session, is_unavailable
from posthouse.store.webhooks import endpoints, settle

log = structlog.get_logger()

RETRY_SECONDS: Final = 0.5


class WebhookSettlement(msgspec.Struct, frozen=True):
    """One attempt's result. ``health``: the endpoint's, None where the attempt did not change it."""

    result: WebhookResult
    health: HealthChange | None = None


def build_settler(
    database: Database, holder: UUID, clock: Clock, entropy: Entropy
) -> Callable[[list[WebhookSettlement]], Awaitable[list[None]]]:
    """What writes a batch of settlements of the process that ``holder`` names.

    Errors: what Postgres raises, but for its absence.
    """

    async def write(batch: list[WebhookSettlement]) -> list[None]:
        while True:
            try:
                async with database.transaction() as session:
                    await _settle(session, holder, batch, entropy, clock.now())
                return [None] * len(batch)
            except Exception as error:
                if not is_unavailable(error):
                    raise
            await asyncio.sleep(RETRY_SECONDS)

    return write


async def _settle(session: Session, holder: UUID, batch: list[WebhookSettlement], entropy: Entropy, now: datetime) -> None:
    # Of several changes of one endpoint the last counts: each was decided with those before it in mind.
    changes = {each.result.waiting.endpoint: each.health for each in batch if each.health is not None}
    disabled = await settle.settle(session, holder, [each.result for each in batch], changes, now)
    for endpoint_key in disabled:
        await _alert_disabled(session, endpoint_key, changes[endpoint_key].why, entropy, now)


async def _alert_disabled(session: Session, endpoint_key: EndpointKey, why: str, entropy: Entropy, now: datetime) -> None:
    """An event like any other, in the transaction that disables the endpoint."""
    name = ids.text("whk", endpoint_key.id)
    endpoint = await endpoints.get_in(session, endpoint_key)
    data = {"endpointId": name, "host": urlsplit(endpoint.url).hostname if endpoint else None, "reason": why}
    alert = NewAlert(rule=webhook_disabled.RULE, tenant=endpoint_key.tenant, environment=endpoint_key.environment, data=data)
    await raise_alert(session, alert, now, entropy.new_id)
    log.warning("webhook endpoint switched off", endpoint=name, reason=why)
