"""Appending events that no settlement writes, and counting alerts per name and window."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from posthouse.store.postgres.database import Session

_APPEND: Final = """
insert into event (tenant, environment, id, message, position, type, at, data) values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_WINDOW: Final = """
insert into alert_window (tenant, environment, name, window_start) values ($1, $2, $3, $4)
on conflict (tenant, environment, name, window_start) do update set count = alert_window.count + 1
returning count
"""


async def append(
    session: Session,
    tenant: int,
    environment: int,
    event_id: UUID,
    type: str,
    at: datetime,
    data: dict[str, Any],
    *,
    message: UUID | None = None,
    position: int | None = None,
) -> None:
    """Write one event."""
    await session.execute(_APPEND, tenant, environment, event_id, message, position, type, at, data)


async def first_in_window(session: Session, tenant: int, environment: int, name: str, window_start: datetime) -> bool:
    """Whether this is the first of its name in the window; the others are only counted."""
    return bool(await session.fetchval(_WINDOW, tenant, environment, name, window_start) == 1)
