"""Credentials: API keys and SMTP logins. Only digests are kept; a secret is shown once, when it is made.

An API key is ``ph_live_`` or ``ph_test_``, ten letters that find its row, and 32 letters (160 bits) that prove
it. Because it is random and long, a plain SHA-256 is enough and a check costs microseconds. As an
SMTP password an API key works with any user name, and a test key makes the session sandbox.

Known sharp edges: an answer is remembered for ``REMEMBERED`` seconds by the digest of what was shown, so a revoked
key works that much longer in other processes, and another rate counts from then on. Refusals are not remembered.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.credential import Credential
from posthouse.model.send_request import Caller, Environment
from posthouse.store.postgres.database import Database, Session
from posthouse.store.ttl_cache import TtlCache

if TYPE_CHECKING:
    from asyncpg import Record

REMEMBERED: Final = 5.0  # seconds
_MOST: Final = 10_000
_PREFIXES: Final = {"ph_live_": Environment.LIVE, "ph_test_": Environment.TEST}
_LOOKUP: Final = 10
_SECRET: Final = 32
_ROW: Final = "tenant, environment, id, kind, lookup, name, default_type, default_stream, rate, created_at, revoked_at"
_INSERT: Final = """
insert into credential (tenant, environment, id, kind, lookup, digest, name, default_type, default_stream, rate, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_FIND: Final = """
select c.digest, c.tenant, t.ref, c.environment, c.id, c.default_type, c.default_stream, c.rate
from credential c join tenant t on t.id = c.tenant
where c.lookup = $1 and c.kind = $2 and c.revoked_at is null
"""
# Every one that still works, however many newer ones there are, and the newest of those that were revoked.
_LIST: Final = f"""
select * from (
    (select {_ROW} from credential where tenant = $1 and revoked_at is null)
    union all
    (select {_ROW} from credential where tenant = $1 and revoked_at is not null order by id desc limit 1000)
) c order by id desc
"""
_GET: Final = f"select {_ROW} from credential where tenant = $1 and environment in (0, 1) and id = $2"
# The tenant's row is locked, so that two creations at once do not both find the last place free.
_COUNT: Final = """
with held as materialized (select id from tenant where id = $1 for no key update)
select count(*) from held h join credential c on c.tenant = h.id where c.revoked_at is null
"""
_GET_FOR_UPDATE: Final = f"""
select {_ROW} from credential where tenant = $1 and environment in (0, 1) and id = $2 and revoked_at is null for update
"""
_CHANGE: Final = (
    """
update credential set rate = $3 where tenant = $1 and environment in (0, 1) and id = $2 and revoked_at is null
returning """
    + _ROW
)
_REVOKE: Final = """
update credential set revoked_at = $3 where tenant = $1 and environment in (0, 1) and id = $2 and revoked_at is null returning id
"""


async def create_api_key(
    session: Session,
    tenant: int,
    environment: Environment,
    *,
    now: datetime,
    random: Callable[[int], bytes],
    name: str = "",
    default_type: str | None = None,
    default_stream: str | None = None,
    rate: int | None = None,
) -> tuple[Credential, str]:
    """A new key and its text, which is never to be had again."""
    lookup = f"ph_{environment.name.lower()}_" + _letters(random, _LOOKUP)
    secret = lookup + _letters(random, _SECRET)
    made = Credential(tenant, environment, _id(now, random), "api", lookup, name, default_type, default_stream, rate, now)
    await _insert(session, made, secret)
    return made, secret


async def create_smtp_login(
    session: Session,
    tenant: int,
    environment: Environment,
    *,
    now: datetime,
    random: Callable[[int], bytes],
    name: str = "",
    default_type: str | None = None,
    default_stream: str | None = None,
    rate: int | None = None,
) -> tuple[Credential, str]:
    """A new login (its user name is ``lookup``) and its password, which is never to be had again."""
    username, password = "ph-" + _letters(random, 8), _letters(random, _SECRET)
    made = Credential(tenant, environment, _id(now, random), "smtp", username, name, default_type, default_stream, rate, now)
    await _insert(session, made, password)
    return made, password


async def list_credentials(database: Database, tenant: int) -> list[Credential]:
    """A tenant's, newest first: all that still work, and up to a thousand that were revoked."""
    async with database.session() as session:
        return [_credential(row) for row in await session.fetch(_LIST, tenant)]


async def get(session: Session, tenant: int, credential: UUID) -> Credential | None:
    """A credential, revoked or not."""
    row = await session.fetchrow(_GET, tenant, credential)
    return None if row is None else _credential(row)


async def count_live(session: Session, tenant: int) -> int:
    """How many of a tenant's were not revoked; nobody creates one until the transaction ends."""
    return int(await session.fetchval(_COUNT, tenant))


async def get_for_update(session: Session, tenant: int, credential: UUID) -> Credential | None:
    """A credential that was not revoked, and nobody else changes it until the transaction ends."""
    row = await session.fetchrow(_GET_FOR_UPDATE, tenant, credential)
    return None if row is None else _credential(row)


async def limit(session: Session, tenant: int, credential: UUID, rate: int | None) -> Credential | None:
    """Another rate, or none; None where there is no such credential, or it was revoked."""
    row = await session.fetchrow(_CHANGE, tenant, credential, rate)
    return None if row is None else _credential(row)


async def revoke(session: Session, tenant: int, credential: UUID, now: datetime) -> bool:
    """False where there is none to revoke."""
    return await session.fetchval(_REVOKE, tenant, credential, now) is not None


class _Shown(NamedTuple):
    """What somebody showed, as it is remembered: no secret."""

    kind: str
    lookup: str
    digest: bytes
    door: str


class Credentials:
    """Who is it that shows this secret? One per process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._known = TtlCache(self._find, REMEMBERED, clock.monotonic, _MOST)

    async def by_key(self, secret: str, door: str = "http") -> Caller | None:
        """The caller behind an API key, None where it is none of ours or revoked. Errors: those of the database."""
        if secret[:8] not in _PREFIXES or len(secret) != 8 + _LOOKUP + _SECRET or not secret.isascii():
            return None
        return await self._proven("api", secret[: 8 + _LOOKUP], secret, door)

    async def by_login(self, username: str, password: str) -> Caller | None:
        """The caller behind an SMTP login; an API key as password works with any user name."""
        if password[:8] in _PREFIXES:
            return await self.by_key(password, "smtp")
        return await self._proven("smtp", username, password, "smtp")

    async def _proven(self, kind: str, lookup: str, secret: str, door: str) -> Caller | None:
        if "\0" in lookup or not _bytes(lookup).isascii():
            return None
        return await self._known.get(_Shown(kind, lookup, _digest(secret), door))

    async def _find(self, secret: "_Shown") -> Caller | None:
        async with self._database.session() as session:
            row = await session.fetchrow(_FIND, secret.lookup, secret.kind)
        proven = hmac.compare_digest(b"" if row is None else row[0], secret.digest)
        return _caller(row, secret.door) if row is not None and proven else None


def _caller(row: "Record", door: str) -> Caller:
    _, tenant, ref, environment, identifier, default_type, default_stream, rate = row
    return Caller(
        tenant=tenant,
        tenant_ref=ref,
        environment=Environment(environment),
        credential=ids.text("key", identifier),
        door=door,
        default_type=default_type,
        default_stream=default_stream,
        rate=rate,
    )


def _credential(row: "Record") -> Credential:
    tenant, environment, *rest = row
    return Credential(tenant, Environment(environment), *rest)


async def _insert(session: Session, made: Credential, secret: str) -> None:
    await session.execute(
        _INSERT,
        made.tenant,
        made.environment,
        made.id,
        made.kind,
        made.lookup,
        _digest(secret),
        made.name,
        made.default_type,
        made.default_stream,
        made.rate,
        made.created_at,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(_bytes(secret)).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _letters(random: Callable[[int], bytes], count: int) -> str:
    """Letters of five random bits each."""
    return "".join([ids.ALPHABET[byte & 31] for byte in random(count)])


def _id(now: datetime, random: Callable[[int], bytes]) -> UUID:
    return ids.new(int(now.timestamp() * 1000), int.from_bytes(random(10), "big"))
