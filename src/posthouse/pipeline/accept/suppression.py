"""Who is suppressed among the recipients of a request: looked up at intake, one query for all concurrent requests.

Nothing is remembered between requests: a committed entry binds the next request, also the next one of the same caller. That
costs one short round trip per request when idle, and next to nothing when busy, because requests that arrive while a query
runs share the next one (``pipeline/batching``: no timer).

Must never know: what the entries mean for a message (``policy/recipients/suppress`` decides that).

Known sharp edges: an entry made between this look-up and the attempt is seen by the check before the attempt, not here.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from posthouse.model.clock import Clock
from posthouse.model.keys import LookupKey
from posthouse.model.suppression import (
    NOT_LISTED,
    ListedAddress,
    SuppressionFact,
)
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.batching import Batcher
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.recipients import suppression_lookup
from posthouse.store.recipients.suppression_lookup import AddressKey
from posthouse.store.seal import Sealer

MAX_SHARED: Final = 50  # addresses: as many as one message may have


class SuppressionFacts(msgspec.Struct, frozen=True):
    """The entries for the recipients of a request, by address; ``legal_passes_security``: the tenant's rule."""

    entries: Mapping[str, Sequence[SuppressionFact]] = {}
    legal_passes_security: bool = False


_NOT_SUPPRESSED: Final = SuppressionFacts()


class AddressHasher:
    """The key that addresses are hashed with, loaded when it is first needed."""

    def __init__(self, database: Database, sealer: Sealer, random: Callable[[int], bytes]) -> None:
        self._parts = (database, sealer, random)
        self._key: AddressKey | None = None

    async def key(self) -> AddressKey:
        """Errors: what Postgres raises; SealBroken where the secret key is another."""
        if self._key is None:
            self._key = await suppression_lookup.load_key(*self._parts)
        return self._key


class SuppressionLookup:
    """Suppressions as intake sees them; one per process."""

    def __init__(self, database: Database, clock: Clock, hasher: AddressHasher, lockouts: Lockouts) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher
        self._lookups: Batcher[LookupKey, ListedAddress] = Batcher(self._find, fails_together=is_unavailable, limit=1000)
        self.lockouts = lockouts

    async def find(self, tenant: int, environment: int, addresses: Iterable[str]) -> SuppressionFacts:
        """The entries for these addresses now. Errors: what Postgres raises."""
        hash_key, distinct = await self._hasher.key(), list(dict.fromkeys(addresses))
        keys = [LookupKey(tenant, environment, hash_key.of(address)) for address in distinct]
        # A batch has a query of its own, so that a single message does not wait for its long list.
        found = await (self._find_shared(keys) if len(keys) <= MAX_SHARED else self._find(keys))
        listed = {address: each for address, each in zip(distinct, found, strict=True) if each is not NOT_LISTED}
        if not listed:
            return _NOT_SUPPRESSED
        legal = any(each.legal_passes_security for each in listed.values())
        return SuppressionFacts({address: each.entries for address, each in listed.items()}, legal)

    async def _find_shared(self, keys: list[LookupKey]) -> list[ListedAddress]:
        """In one query with whatever other requests look up now."""
        waiting = [self._lookups.submit(key) for key in keys]
        return [await future for future in waiting] if len(waiting) == 1 else await asyncio.gather(*waiting)

    async def _find(self, keys: list[LookupKey]) -> list[ListedAddress]:
        async with self._database.session() as session:
            return await suppression_lookup.find(session, keys, self._clock.now())
