"""Webhook endpoints: where a tenant's events go, under which secrets, whether they are switched on.

A secret is sealed, bound to its endpoint, and shown once. While it rotates, the new one and those that have not expired sign
together. An endpoint that was removed is not found any more; what waited for it is deleted bit by bit by ``webhook_queue``.

Known sharp edges: an event that is written before an endpoint's first commit is not told to it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import EndpointChange, WebhookAttempt, WebhookEndpoint
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer

MOST_SECRETS: Final = 5
_FIELDS: Final = "id, kind, url, events, streams, created_at, disabled_at, disabled_why, failing_since"
_INSERT: Final = """
insert into webhook_endpoint (tenant, environment, id, url, events, streams, created_at) values ($1, $2, $3, $4, $5, $6, $7)
"""
_COUNT: Final = "select count(*) from webhook_endpoint where tenant = $1 and environment = $2 and removed_at is null"
_ONE: Final = f"select {_FIELDS} from webhook_endpoint where tenant = $1 and environment = $2 and id = $3 and removed_at is null"
_PAGE: Final = f"""
select {_FIELDS} from webhook_endpoint where tenant = $1 and environment = $2 and removed_at is null and id < $3 order by id desc limit $4
"""
_CHANGE: Final = f"""
update webhook_endpoint set url = coalesce($4, url),
    events = case when $5 then $6::text[] else events end, streams = case when $7 then $8::text[] else streams end,
    disabled_at = case when $9 then null when $10 then coalesce(disabled_at, $11) else disabled_at end,
    disabled_why = case when $9 then null when $10 then coalesce(disabled_why, $12) else disabled_why end,
    since = case when $9 and disabled_at is not null then pg_current_xact_id() else since end,
    failures = case when $9 then 0 else failures end, failing_since = case when $9 then null else failing_since end,
    rest_until = case when $9 then null else rest_until end
where tenant = $1 and environment = $2 and id = $3 and removed_at is null
returning {_FIELDS}
"""
_REMOVE: Final = """
update webhook_endpoint set removed_at = $4, disabled_at = coalesce(disabled_at, $4)
where tenant = $1 and environment = $2 and id = $3 and removed_at is null
"""
_HOLD: Final = """
select id from webhook_endpoint where tenant = $1 and environment = $2 and id = $3 and removed_at is null for no key update
"""
_LAST_NUMBER: Final = """
select coalesce(max(number), 0) from webhook_secret where tenant = $1 and environment = $2 and endpoint = $3
"""
_EXPIRE: Final = """
update webhook_secret set expires_at = least(expires_at, $4) where tenant = $1 and environment = $2 and endpoint = $3
"""
_KEEP: Final = """
insert into webhook_secret (tenant, environment, endpoint, number, key_id, sealed, created_at) values ($1, $2, $3, $4, $5, $6, $7)
"""
_FORGET: Final = """
delete from webhook_secret where tenant = $1 and environment = $2 and endpoint = $3 and (expires_at <= $4 or number <= $5)
"""
_SECRETS: Final = """
select key_id, sealed from webhook_secret
where tenant = $1 and environment = $2 and endpoint = $3 and (expires_at is null or expires_at > $4)
order by number desc
"""
_LOG: Final = """
select id, event, type, number, at, duration_ms, outcome, status, trouble, answer, next_at from webhook_attempt
where tenant = $1 and environment = $2 and endpoint = $3 and id < $4
  and ($5::uuid is null or event = $5) and ($6::text is null or outcome = $6)
order by id desc limit $7
"""


async def create(
    session: Session,
    sealer: Sealer,
    key: EndpointKey,
    url: str,
    secret: bytes,
    now: datetime,
    *,
    events: Sequence[str] | None = None,
    streams: Sequence[str] | None = None,
    most: int,
) -> WebhookEndpoint | None:
    """A new endpoint that is told of what happens from now on; None where the tenant has ``most`` already."""
    if await session.fetchval(_COUNT, key.tenant, key.environment) >= most:
        return None
    await session.execute(
        _INSERT, key.tenant, key.environment, key.id, url, list(events or ()) or None, list(streams or ()) or None, now
    )
    await _keep(session, sealer, key, secret, now, 1)
    return await get_in(session, key)


async def one(database: Database, key: EndpointKey) -> WebhookEndpoint | None:
    """An endpoint, or None."""
    async with database.session() as session:
        return await get_in(session, key)


async def page(database: Database, tenant: int, environment: int, before: UUID, limit: int) -> list[WebhookEndpoint]:
    """At most ``limit`` endpoints older than ``before``, newest first."""
    async with database.session() as session:
        return [WebhookEndpoint(**dict(row)) for row in await session.fetch(_PAGE, tenant, environment, before, limit)]


async def change(
    session: Session, key: EndpointKey, wanted: EndpointChange, now: datetime, why: str = "switched off"
) -> WebhookEndpoint | None:
    """The endpoint as it is then. Switched on again it is healthy: what waited goes on, what happened meanwhile is not told."""
    row = await session.fetchrow(
        _CHANGE,
        key.tenant,
        key.environment,
        key.id,
        wanted.url,
        wanted.events is not None,
        list(wanted.events or ()) or None,
        wanted.streams is not None,
        list(wanted.streams or ()) or None,
        wanted.enabled is True,
        wanted.enabled is False,
        now,
        why,
    )
    return None if row is None else WebhookEndpoint(**dict(row))


async def remove(session: Session, key: EndpointKey, now: datetime) -> bool:
    """Take an endpoint away; False where there is none."""
    return str(await session.execute(_REMOVE, key.tenant, key.environment, key.id, now)) == "UPDATE 1"


async def rotate(session: Session, sealer: Sealer, place: EndpointKey, secret: bytes, now: datetime, overlap: timedelta) -> bool:
    """Sign with ``secret`` from now on, and with those before for ``overlap`` more; False where there is no such endpoint."""
    key = (place.tenant, place.environment, place.id)
    if await session.fetchval(_HOLD, *key) is None:
        return False
    number = await session.fetchval(_LAST_NUMBER, *key) + 1
    await session.execute(_EXPIRE, *key, now + overlap)
    await session.execute(_FORGET, *key, now, number - MOST_SECRETS)
    await _keep(session, sealer, place, secret, now, number)
    return True


async def secrets(session: Session, sealer: Sealer, key: EndpointKey, now: datetime) -> list[bytes]:
    """The secrets that sign at ``now``, the newest first. Errors: SealBroken."""
    rows = await session.fetch(_SECRETS, key.tenant, key.environment, key.id, now)
    return [sealer.open(row["sealed"], row["key_id"], secret_bound(key.id)) for row in rows]


async def log(
    database: Database, key: EndpointKey, before: UUID, limit: int, *, event: UUID | None = None, outcome: str | None = None
) -> list[WebhookAttempt]:
    """At most ``limit`` tries before the one of that id, newest first."""
    async with database.session() as session:
        rows = await session.fetch(_LOG, key.tenant, key.environment, key.id, before, event, outcome, limit)
    return [WebhookAttempt(**dict(row)) for row in rows]


async def get_in(session: Session, key: EndpointKey) -> WebhookEndpoint | None:
    """The same inside the caller's transaction."""
    row: Any = await session.fetchrow(_ONE, key.tenant, key.environment, key.id)
    return None if row is None else WebhookEndpoint(**dict(row))


async def _keep(session: Session, sealer: Sealer, key: EndpointKey, secret: bytes, now: datetime, number: int) -> None:
    sealed = sealer.seal(secret, secret_bound(key.id))
    await session.execute(_KEEP, key.tenant, key.environment, key.id, number, sealer.key_id, sealed, now)


def secret_bound(endpoint: UUID) -> bytes:
    """What a secret is sealed to."""
    return b"webhook" + endpoint.bytes
