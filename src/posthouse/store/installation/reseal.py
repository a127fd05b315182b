"""What outlives a rotation of the secret key: what rests for long is sealed anew, and what no configured key opens is reported.

Signing keys and the secrets of webhooks have no end, so they go over to the new key; the key of suppressed addresses
does so when it is loaded (``suppression_lookup``). Content is not touched: what waits in the queue needs the old key
until it was sent, what is kept for reading until its retention ends.

Known sharp edges: of the queue only ``_QUEUE_LIMIT`` rows are looked at, which are the oldest where nothing was vacuumed.
"""

from typing import Final

from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import SealBroken, Sealer
from posthouse.store.tenants.domains import key_bound
from posthouse.store.webhooks.endpoints import secret_bound

_QUEUE_LIMIT: Final = 1000
_SIGNING: Final = """
select k.tenant, k.domain, k.keyset, k.algorithm, d.name, k.key_id, k.sealed
from dkim_key k join domain d on d.tenant = k.tenant and d.id = k.domain where k.key_id <> all($1::smallint[])
"""
_SIGN_ANEW: Final = """
update dkim_key set key_id = $5, sealed = $6 where tenant = $1 and domain = $2 and keyset = $3 and algorithm = $4
"""
_WEBHOOKS: Final = """
select tenant, environment, endpoint, number, key_id, sealed from webhook_secret where key_id <> all($1::smallint[])
"""
_WEBHOOK_ANEW: Final = """
update webhook_secret set key_id = $5, sealed = $6 where tenant = $1 and environment = $2 and endpoint = $3 and number = $4
"""
_QUEUED: Final = """
select count(*) from (select tenant, environment, keep, message from queue limit $2) q
cross join lateral (
    select key_id from content
    where tenant = q.tenant and environment = q.environment and keep = q.keep and message = q.message limit 1
) c
where c.key_id <> all($1::smallint[])
"""


async def find_unreadable(database: Database, sealer: Sealer) -> str | None:
    """What cannot be opened any more because its key was taken away, in words; None where nothing is."""
    ids = sealer.key_ids
    async with database.transaction() as session:
        signing = sum(not _opens(sealer, *row) for row in await _signing(session, ids))
        secrets = sum(not _opens(sealer, *row) for row in await _webhooks(session, ids))
        queued = await session.fetchval(_QUEUED, ids, _QUEUE_LIMIT)
    unreadable = [
        f"{count} {things}"
        for count, things in ((signing, "signing keys"), (secrets, "secrets of webhooks"), (queued, "queued messages"))
        if count
    ]
    return " and ".join(unreadable) or None


async def reseal(database: Database, sealer: Sealer) -> None:
    """Seal everything that rests for long under the first secret. What no secret opens stays as it is."""
    async with database.transaction() as session:
        for statement, rows in (
            (_SIGN_ANEW, await _signing(session, ())),
            (_WEBHOOK_ANEW, await _webhooks(session, ())),
        ):
            for key, bound, key_id, sealed in rows:
                anew = sealer.resealed(sealed, key_id, bound) if _opens(sealer, key, bound, key_id, sealed) else None
                if anew is not None:
                    await session.execute(statement, *key, sealer.key_id, anew)


_Row = tuple[tuple[object, ...], bytes, int, bytes]  # the row's key, what it is bound to, key id, sealed


async def _signing(session: Session, but: tuple[int, ...]) -> list[_Row]:
    rows = await session.fetch(_SIGNING, but)
    return [
        ((tenant, domain, keyset, algorithm), key_bound(tenant, name, keyset, algorithm), key_id, sealed)
        for tenant, domain, keyset, algorithm, name, key_id, sealed in rows
    ]


async def _webhooks(session: Session, but: tuple[int, ...]) -> list[_Row]:
    rows = await session.fetch(_WEBHOOKS, but)
    return [
        ((tenant, environment, endpoint, number), secret_bound(endpoint), key_id, sealed)
        for tenant, environment, endpoint, number, key_id, sealed in rows
    ]


def _opens(sealer: Sealer, _: tuple[object, ...], bound: bytes, key_id: int, sealed: bytes) -> bool:
    try:
        sealer.open(sealed, key_id, bound)
    except SealBroken:
        return False
    return True
