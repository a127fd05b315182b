"""Raising an alert: the one place where an ``alert.*`` event is written.

An alert with a window is raised once for each subject and window; what comes after the first is only counted. Windows are rows of
the database, so all processes share them, and the row is written in the same transaction as the event: no crash can
leave a window without its alert.

Must never know: who is alerted, and in which words (``policy.alerts``).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from posthouse.model.keys import DeliveryKey
from posthouse.policy.alerts.rule import AlertRule
from posthouse.store.messages import events
from posthouse.store.postgres.database import Session


class NewAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert to raise.

    ``subject``: what its window is about, '' for the whole environment. ``delivery``: the one that it names.
    """

    rule: AlertRule
    tenant: int
    environment: int
    data: dict[str, Any]
    subject: str = ""
    delivery: DeliveryKey | None = None


async def raise_alert(session: Session, alert: NewAlert, now: datetime, new_id: Callable[[datetime], UUID]) -> bool:
    """Write the alert's event, within the caller's transaction; False where its window has one already."""
    kind = alert.rule.type.value
    if alert.rule.window is not None:
        subject = f":{alert.subject}" if alert.subject else ""
        name, start = kind.removeprefix("alert.") + subject, window_start(now, alert.rule.window)
        if not await events.first_in_window(session, alert.tenant, alert.environment, name, start):
            return False
    message = None if alert.delivery is None else alert.delivery.message
    position = None if alert.delivery is None else alert.delivery.position
    await events.append(
        session,
        alert.tenant,
        alert.environment,
        new_id(now),
        kind,
        now,
        alert.data,
        message=message,
        position=position,
    )
    return True


def window_start(now: datetime, length: timedelta) -> datetime:
    """Where the window begins that ``now`` lies in; windows are counted from 1970, so every process finds the same."""
    seconds = length.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)
