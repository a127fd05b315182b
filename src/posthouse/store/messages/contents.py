"""Content at rest: sealed bytes apart from the queue, fetched for many deliveries at once."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from posthouse.model.content import Content
from posthouse.model.queue import LeasedDelivery
from posthouse.model.stored_message import SealedContent
from posthouse.store.seal import Sealer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpg import Connection, Record

_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(Content)

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
            _FETCH, keep, [t for t, _ in messages.values()], [e for _, e in messages.values()], list(messages),
            min(messages), max(messages),
        )  # fmt: skip
        found.update((row[0], SealedContent(row[1], row[2])) for row in rows)
    return found


def seal_content(sealer: Sealer, content: Content, bound: bytes) -> bytes:
    """Content as it rests in the store: packed, compressed, sealed to its message (``bound``)."""
    return sealer.seal(sealer.pack(_PACK.encode(content)), bound)


def open_content(sealer: Sealer, sealed: bytes, key_id: int, bound: bytes) -> Content:
    """The content again. Errors: the sealer's, when the key is wrong or the bytes were changed."""
    return _UNPACK.decode(sealer.unpack(sealer.open(sealed, key_id, bound)))
