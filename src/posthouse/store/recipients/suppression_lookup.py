"""Is this address on the list? Looked up by a keyed hash, many at once; and the key of that hash.

The key is random, made once per database and kept sealed under the secret key, so that rotating the secret changes
no lookup, and what an erasure left (a hash and nothing else) is still found. The hash is HMAC-SHA256 (RFC 2104) of the
folded address (``mail.address_identity.fold``), cut to 16 bytes.

An entry that is over (``until``) or whose hold is over (``held_until``: provisional, and now awaiting a second look) says
nothing; one that is held says *provisional*, whatever its cause.
"""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from posthouse.mail.address_identity import fold
from posthouse.model import ids
from posthouse.model.keys import LookupKey
from posthouse.model.suppression import NOT_LISTED, Cause, ListedAddress, SuppressionFact
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer

if TYPE_CHECKING:
    from collections.abc import Sequence


PREFIX: Final = "sup"
_OCTETS: Final = 16
_KEY_OCTETS: Final = 32
_BOUND: Final = b"suppression key"

_KEY: Final = "select key_id, sealed from suppression_key"
_MAKE_KEY: Final = "insert into suppression_key (key_id, sealed) values ($1, $2) on conflict do nothing"
_RESEAL: Final = "update suppression_key set key_id = $1, sealed = $2"

_BINDING: Final = """
    select id, cause, stream, security, held_until from suppression
    where tenant = k.tenant and environment = k.environment and lookup = k.lookup
      and (until is null or until > $1) and (held_until is null or held_until > $1)
    limit 100
"""
_RULE: Final = """
    select legal_passes_security from suppression_rule where tenant = k.tenant and environment = k.environment limit 1
"""
_FIND: Final = f"""
select k.idx, s.id, s.cause, s.stream, s.security, s.held_until, coalesce(r.legal_passes_security, false)
from unnest($2::int[], $3::int[], $4::smallint[], $5::bytea[]) as k (idx, tenant, environment, lookup)
cross join lateral ({_BINDING}) s
left join lateral ({_RULE}) r on true
"""
_CHECK: Final = f"""
select k.idx, s.id, s.cause, s.stream, s.security, s.held_until, coalesce(r.legal_passes_security, false), f.stream
from unnest($2::int[], $3::int[], $4::smallint[], $5::bytea[], $6::int[]) as k (idx, tenant, environment, lookup, flow)
cross join lateral ({_BINDING}) s
left join lateral ({_RULE}) r on true
left join lateral (select stream from flow where id = k.flow limit 1) f on true
union all
select k.idx, null, null, null, null, null, null, null
from unnest($2::int[], $3::int[], $4::smallint[], $5::bytea[]) as k (idx, tenant, environment, lookup)
cross join lateral (
    select 1 from soft_bounce where tenant = k.tenant and environment = k.environment and lookup = k.lookup limit 1
) b
"""


class AddressKey(msgspec.Struct, frozen=True):
    """What addresses are hashed under; the same for every process of a database. Never shown or logged."""

    secret: bytes

    def of(self, address: str) -> bytes:
        """The lookup key of an address as ``mail.address`` parsed it."""
        return hmac.digest(self.secret, fold(address).encode(), "sha256")[:_OCTETS]


async def load_key(database: Database, sealer: Sealer, random: Callable[[int], bytes]) -> AddressKey:
    """The key of this database, made if it has none, and sealed anew if the secret rotated. Errors: SealBroken."""
    async with database.session() as session:
        found = await session.fetchrow(_KEY)
        if found is None:
            await session.execute(_MAKE_KEY, sealer.key_id, sealer.seal(random(_KEY_OCTETS), _BOUND))
            found = await session.fetchrow(_KEY)
        key_id, sealed = found
        secret = sealer.open(sealed, key_id, _BOUND)
        if key_id != sealer.key_id:
            await session.execute(_RESEAL, sealer.key_id, sealer.seal(secret, _BOUND))
    return AddressKey(secret)


async def find(session: Session, keys: "Sequence[LookupKey]", now: datetime) -> list[ListedAddress]:
    """The suppressions of each address, in order; one query."""
    rows = await session.fetch(_FIND, now, *_columns(keys))
    return _group(len(keys), [(*row, "") for row in rows])


async def check(session: Session, keys: "Sequence[LookupKey]", now: datetime) -> list[ListedAddress]:
    """The same right before an attempt: also the stream of each flow, and whether soft bounces are counted."""
    rows = await session.fetch(_CHECK, now, *_columns(keys), [each.flow for each in keys])
    return _group(len(keys), [tuple(row) for row in rows])


def _columns(keys: "Sequence[LookupKey]") -> tuple[list[int], list[int], list[int], list[bytes]]:
    return (
        list(range(len(keys))),
        [each.tenant for each in keys],
        [each.environment for each in keys],
        [each.lookup for each in keys],
    )


_Row = tuple[int, UUID | None, str, str | None, bool, datetime | None, bool, str]


def _group(count: int, rows: "Sequence[_Row]") -> list[ListedAddress]:
    """The rows of each address, put together; most have none."""
    found = [NOT_LISTED] * count
    for idx, identifier, cause, stream, security, held_until, legal_passes, flow_stream in rows:
        before = found[idx]
        if identifier is None:
            found[idx] = msgspec.structs.replace(before, counted=True)
            continue
        cause_held = Cause.PROVISIONAL if held_until else Cause(cause)
        entry = SuppressionFact(cause=cause_held, stream=stream, security=security, id=ids.text(PREFIX, identifier))
        found[idx] = ListedAddress(
            entries=(*before.entries, entry),
            held_until=max(filter(None, (before.held_until, held_until)), default=None),
            legal_passes_security=legal_passes,
            stream=flow_stream,
            counted=before.counted,
        )
    return found
