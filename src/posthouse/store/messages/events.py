"""Facts that are not a settlement: alerts (once per name and window) and simulated complaints."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_TELL: Final = """
insert into event (tenant, environment, id, message, position, type, at, data) values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_WINDOW: Final = """
insert into alert_window (tenant, environment, name, window_start) values ($1, $2, $3, $4)
on conflict (tenant, environment, name, window_start) do update set count = alert_window.count + 1
returning count
"""


async def append(
    connection: "Connection[Record]",
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
    await connection.execute(_TELL, tenant, environment, event_id, message, position, type, at, data)


async def first_in_window(
    connection: "Connection[Record]", tenant: int, environment: int, name: str, window_start: datetime
) -> bool:
    """Whether this is the first of its name in the window; the others are only counted."""
    return bool(await connection.fetchval(_WINDOW, tenant, environment, name, window_start) == 1)
