"""Content at rest: packed, compressed and sealed apart from the queue, fetched for many deliveries at once.

Content is packed as a map of its fields. The fields that it was made from (``Letter``), where a route needs them, are one more
entry of the same map, so that content stored without a letter and content stored with one are read alike, by this version and
by one that knows no letters.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from posthouse.model.content import Content
from posthouse.model.letter import Letter
from posthouse.model.queue import LeasedDelivery
from posthouse.model.stored_message import SealedContent
from posthouse.store.postgres.database import Session
from posthouse.store.seal import Sealer

if TYPE_CHECKING:
    from collections.abc import Iterable


class _ContentWithLetter(Content, frozen=True, kw_only=True):
    letter: Letter | None = None


_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(Content)
_UNPACK_WITH_LETTER: Final = msgspec.msgpack.Decoder(_ContentWithLetter)

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


async def fetch(session: Session, deliveries: "Iterable[LeasedDelivery]") -> dict[UUID, SealedContent]:
    """Sealed content by message id; what retention has dropped is missing."""
    by_keep: dict[int, dict[UUID, tuple[int, int]]] = {}
    for delivery in deliveries:
        by_keep.setdefault(delivery.keep, {})[delivery.message] = (delivery.tenant, delivery.environment)
    contents: dict[UUID, SealedContent] = {}
    for keep, owners in by_keep.items():
        tenants, environments = [tenant for tenant, _ in owners.values()], [environment for _, environment in owners.values()]
        rows = await session.fetch(_FETCH, keep, tenants, environments, list(owners), min(owners), max(owners))
        contents.update((row[0], SealedContent(row[1], row[2])) for row in rows)
    return contents


def seal_content(sealer: Sealer, content: Content, bound: bytes, letter: Letter | None = None) -> bytes:
    """Content as it rests in the store, sealed to its message (``bound``), with the letter beside it if one is given."""
    packed = content if letter is None else _ContentWithLetter(**msgspec.structs.asdict(content), letter=letter)
    return sealer.seal(sealer.pack(_PACK.encode(packed)), bound)


def open_content(sealer: Sealer, sealed: bytes, key_id: int, bound: bytes) -> Content:
    """The content again. Errors: the sealer's, when the key is wrong or the bytes were changed."""
    return _UNPACK.decode(sealer.unpack(sealer.open(sealed, key_id, bound)))


def open_letter(sealer: Sealer, sealed: bytes, key_id: int, bound: bytes) -> Letter | None:
    """The letter beside the content; None where none was sealed. Errors: as ``open_content``."""
    return _UNPACK_WITH_LETTER.decode(sealer.unpack(sealer.open(sealed, key_id, bound))).letter
