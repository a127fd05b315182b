"""Sending domains: their DKIM keys, whether mail may be sent from them, and what is to be published in DNS.

A domain comes with a keyset of two keys, RSA-2048 and Ed25519 (RFC 8463), with selectors ``ph1r`` and ``ph1e``; the
next rotation makes ``ph2r`` and ``ph2e``. Private keys rest sealed, bound to tenant, domain, keyset and
algorithm. A delivery keeps the keyset of its first attempt, so the old keys stay until nothing needs them.

Known sharp edges: facts are remembered for ``REMEMBERED`` seconds, so trust given elsewhere takes that long to be
seen; that a domain is unknown is not remembered. A keyset never changes, so its keys are remembered for good.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from posthouse.mail import dkim
from posthouse.mail.dkim import SigningKey
from posthouse.model.domain import DnsRecord, Domain, DomainFact, PublicKey
from posthouse.store.postgres.database import Database, Session
from posthouse.store.seal import Sealer
from posthouse.store.ttl_cache import TtlCache

if TYPE_CHECKING:
    from asyncpg import Record

K = TypeVar("K")
V = TypeVar("V")
REMEMBERED: Final = 3.0  # seconds
_MOST: Final = 10_000
_LETTER: Final = {"rsa-sha256": "r", "ed25519-sha256": "e"}  # in the order in which they sign
_COLUMNS: Final = "id, name, keyset, trusted_at, verified_at, created_at"
_INSERT: Final = """
insert into domain (tenant, name, created_at) values ($1, $2, $3) on conflict (tenant, name) do nothing returning id
"""
_TRUST: Final = "update domain set trusted_at = $3 where tenant = $1 and name = $2 and trusted_at is null returning id"
_INSERT_KEY: Final = """
insert into dkim_key (tenant, domain, keyset, algorithm, selector, public, key_id, sealed, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_GET: Final = f"select {_COLUMNS} from domain where tenant = $1 and name = $2"
_LIST: Final = f"select {_COLUMNS} from domain where tenant = $1 order by id desc limit 1000"
_PUBLIC: Final = """
select domain, keyset, algorithm, selector, public from dkim_key
where tenant = $1 and domain = any($2::int[]) and retired_at is null order by domain, keyset, algorithm desc
"""
_PRIVATE: Final = """
select k.algorithm, k.selector, k.key_id, k.sealed
from dkim_key k join domain d on d.tenant = k.tenant and d.id = k.domain
where k.tenant = $1 and d.name = $2 and k.keyset = $3 order by k.algorithm desc
"""
_NAMES: Final = "select name from domain where tenant = $1 order by id limit 1000"
_FACTS: Final = "select id, keyset, trusted_at is not null, verified_at is not null from domain where tenant = $1 and name = $2"


class NewKeyset(msgspec.Struct, frozen=True):
    """The two key pairs of a new domain (private, public), in the order in which they sign."""

    pairs: tuple[tuple[bytes, str], ...]


async def generate_keyset() -> NewKeyset:
    """Two new key pairs. Takes tenths of a second of a thread, so call it before a transaction begins."""
    return NewKeyset(tuple(await asyncio.gather(*(asyncio.to_thread(dkim.generate, algorithm) for algorithm in _LETTER))))


async def add(session: Session, sealer: Sealer, tenant: int, name: str, keyset: NewKeyset, now: datetime) -> bool:
    """Add the domain with its first keyset; False where it is there already. ``name``: an A-label, lower case."""
    domain = await session.fetchval(_INSERT, tenant, name, now)
    if domain is None:
        return False
    for algorithm, (private, public) in zip(_LETTER, keyset.pairs, strict=True):
        sealed = sealer.seal(private, key_bound(tenant, name, 1, algorithm))
        selector = f"ph1{_LETTER[algorithm]}"
        await session.execute(_INSERT_KEY, tenant, domain, 1, algorithm, selector, public, sealer.key_id, sealed, now)
    return True


async def trust(session: Session, tenant: int, name: str, now: datetime) -> bool:
    """Trust a domain; False where it is trusted already, or there is none of that name."""
    return await session.fetchval(_TRUST, tenant, name, now) is not None


async def get(database: Database, tenant: int, name: str) -> Domain | None:
    """A tenant's domain by name."""
    async with database.session() as session:
        return await get_in(session, tenant, name)


async def get_in(session: Session, tenant: int, name: str) -> Domain | None:
    """The same inside the caller's transaction."""
    rows = await _domains(session, tenant, await session.fetch(_GET, tenant, name))
    return rows[0] if rows else None


async def list_domains(database: Database, tenant: int) -> list[Domain]:
    """A tenant's domains, newest first."""
    async with database.session() as session:
        return await _domains(session, tenant, await session.fetch(_LIST, tenant))


def records(domain: Domain, hostname: str, links: Sequence[str] = (), public_host: str = "") -> tuple[DnsRecord, ...]:
    """What to publish so that receivers believe us; ``hostname`` is the machine mail leaves from and bounces come to.

    ``links``: the hosts that links of its tenant's mail stand on; ``public_host``: where they are answered.
    """
    bounce = f"bounce.{domain.name}"
    signing = (
        DnsRecord("dkim", "TXT", f"{key.selector}._domainkey.{domain.name}", dkim.dns_record(key.public, key.algorithm))
        for key in domain.keys
        if key.keyset == domain.keyset
    )
    return (
        *signing,
        DnsRecord("return_path", "MX", bounce, f"10 {hostname}."),
        DnsRecord("spf", "TXT", bounce, f"v=spf1 a:{hostname} ~all"),
        DnsRecord("dmarc", "TXT", f"_dmarc.{domain.name}", f"v=DMARC1; p=none; rua=mailto:dmarc@{domain.name}"),
        *(DnsRecord("tracking", "CNAME", host, f"{public_host}.") for host in links if host.endswith(f".{domain.name}")),
    )


async def names(session: Session, tenant: int) -> list[str]:
    """The names of a tenant's domains."""
    return [row[0] for row in await session.fetch(_NAMES, tenant)]


class Domains:
    """What doors and workers ask all the time. One per process; ``monotonic`` gives seconds, the loop's by default."""

    def __init__(self, database: Database, sealer: Sealer, monotonic: Callable[[], float] | None = None) -> None:
        self._database = database
        self._sealer = sealer
        self._facts = TtlCache(self._find, REMEMBERED, monotonic or (lambda: asyncio.get_running_loop().time()), _MOST)
        self._keys: dict[tuple[int, str, int], tuple[SigningKey, ...]] = {}

    async def facts(self, tenant: int, name: str) -> DomainFact | None:
        """The domain as far as the gate needs it, None where the tenant has none of that name."""
        return await self._facts.get((tenant, name))

    async def _find(self, asked: tuple[int, str]) -> DomainFact | None:
        async with self._database.session() as session:
            row = await session.fetchrow(_FACTS, *asked)
        return None if row is None else DomainFact(*row)

    async def signing_keys(self, tenant: int, name: str, keyset: int) -> tuple[SigningKey, ...]:
        """RSA, then Ed25519; empty where there is no such keyset. Errors: SealBroken under a wrong secret key."""
        known = self._keys.get((tenant, name, keyset))
        if known is not None:
            return known
        async with self._database.session() as session:
            rows = await session.fetch(_PRIVATE, tenant, name, keyset)
        keys = tuple(self._load(tenant, name, keyset, *row) for row in rows)
        if keys:
            _remember(self._keys, (tenant, name, keyset), keys)
        return keys

    def _load(self, tenant: int, name: str, keyset: int, algorithm: str, selector: str, key_id: int, sealed: bytes) -> SigningKey:
        private = self._sealer.open(sealed, key_id, key_bound(tenant, name, keyset, algorithm))
        return dkim.load(name, selector, algorithm, private)


def _remember(table: dict[K, V], key: K, value: V) -> None:
    if len(table) >= _MOST:
        table.clear()
    table[key] = value


def key_bound(tenant: int, name: str, keyset: int, algorithm: str) -> bytes:
    """What a private key is sealed to."""
    return f"dkim {tenant} {name} {keyset} {algorithm}".encode()


async def _domains(session: Session, tenant: int, rows: "list[Record]") -> list[Domain]:
    keys: dict[int, list[PublicKey]] = {}
    for domain, *key in await session.fetch(_PUBLIC, tenant, [row[0] for row in rows]):
        keys.setdefault(domain, []).append(PublicKey(*key))
    return [msgspec.structs.replace(Domain(*row), keys=tuple(keys.get(row[0], ()))) for row in rows]
