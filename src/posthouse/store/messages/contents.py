"""Content at rest: sealed bytes apart from the queue, fetched for many deliveries at once."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from posthouse.model.stored_message import SealedContent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpg import Connection, Record

    from posthouse.model.queue import LeasedDelivery


# The bounds let the partitions be chosen before the first row is read.
_FETCH: Final = """
select k.message, c.key_id, c.sealed
from unnest($2::int[], $3::smallint[], $4::uuid[]) as k (tenant, environment, message)
cross join lateral (
    select key_id, sealed from content
    where tenant = k.tenant and environment = k.environment and keep = $1 and message = k.message and message between $5 and $6
    limit 1
) c
"""


async def fetch(connection: "Connection[Record]", claimed: "Iterable[LeasedDelivery]") -> dict[UUID, SealedContent]:
    """Sealed content by message id; what retention has dropped is missing."""
    wanted: dict[int, dict[UUID, tuple[int, int]]] = {}
    for delivery in claimed:
        wanted.setdefault(delivery.keep, {})[delivery.message] = (delivery.tenant, delivery.environment)
    found: dict[UUID, SealedContent] = {}
    for keep, messages in wanted.items():
        rows = await connection.fetch(
            _FETCH,
            keep,
            [t for t, _ in messages.values()],
            [e for _, e in messages.values()],
            list(messages),
            min(messages),
            max(messages),
        )
        found.update((row[0], SealedContent(row[1], row[2])) for row in rows)
    return found
