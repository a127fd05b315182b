"""Who receives mail for a domain, at which addresses, and what else is published under a name?

(RFC 5321 section 5.1, RFC 7505, RFC 2308.)

The only resolver of the house. Answers are cached by their TTL, negative ones for at most five minutes, errors never.

Known sharp edges: the cache is this process' own. DNSSEC is not looked at. Names are resolved as absolute ones, so
the machine's search list never turns one domain into another.
"""

import asyncio
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import msgspec

from posthouse.model.bounded_cache import BoundedCache
from posthouse.model.clock import Clock
from posthouse.model.dns_answer import AddressAnswer, DnsAnswerKind, MxAnswer, PublishedRecords

LONGEST_TTL_SECONDS: Final = 86_400.0
LONGEST_NEGATIVE_SECONDS: Final = 300.0
MOST_NAMES: Final = 20_000


class _CachedRecords(msgspec.Struct, frozen=True):
    """Records as text, and until when (monotonic seconds) they may be believed."""

    kind: DnsAnswerKind
    records: tuple[str, ...] = ()
    text: str = ""
    until: float = 0.0


class Resolver:
    """Asks one nameserver (IP address and port), or those of the machine."""

    def __init__(self, nameserver: tuple[str, int] | None, clock: Clock, *, timeout: float = 5.0, lifetime: float = 15.0) -> None:
        """``timeout``: seconds for one query; ``lifetime``: for all its repetitions."""
        self._nameserver = nameserver
        self._clock = clock
        self._timeout = timeout
        self._lifetime = lifetime
        self._cache: BoundedCache[tuple[str, str], _CachedRecords] = BoundedCache(MOST_NAMES)
        self._configured: dns.asyncresolver.Resolver | None = None

    async def mx(self, domain: str) -> MxAnswer:
        """The hosts that receive for ``domain`` (an A-label)."""
        answer = await self._look_up(domain, "MX")
        if answer.kind is not DnsAnswerKind.FOUND:
            return MxAnswer(answer.kind, text=answer.text)
        hosts = tuple(sorted(_preference(record) for record in answer.records))
        named = tuple((preference, host) for preference, host in hosts if host)  # "0 ." beside real hosts is ignored
        if not named:
            return MxAnswer(DnsAnswerKind.NULL_MX, text=f"{domain} takes no mail (null MX)")
        return MxAnswer(DnsAnswerKind.FOUND, named)

    async def addresses(self, host: str) -> AddressAnswer:
        """The IP addresses of ``host``."""
        ipv4, ipv6 = await asyncio.gather(self._look_up(host, "A"), self._look_up(host, "AAAA"))
        if ipv4.records or ipv6.records:
            return AddressAnswer(DnsAnswerKind.FOUND, ipv4.records + ipv6.records)
        worst = ipv4 if ipv4.kind is DnsAnswerKind.ERROR else ipv6
        return AddressAnswer(worst.kind, text=worst.text)

    async def records(self, name: str, type: str) -> PublishedRecords:
        """The records under ``name``; ``type`` is TXT (RFC 1035 3.3.14: its strings joined), MX or CNAME.

        A missing name has none.
        """
        answer = await self._look_up(name, type)
        return PublishedRecords(name, type, answer.records, answer.text if answer.kind is DnsAnswerKind.ERROR else "")

    async def _look_up(self, name: str, type: str) -> _CachedRecords:
        key, now = (name.lower(), type), self._clock.monotonic()
        cached = self._cache.get(key)
        if cached is not None and cached.until > now:
            return cached
        answer = await self._query(name, type, now)
        if answer.until > now:
            self._cache.set(key, answer)
        return answer

    async def _query(self, name: str, type: str, now: float) -> _CachedRecords:
        try:
            absolute = dns.name.from_text(name, origin=dns.name.root)
            answer = await self._resolver().resolve(absolute, type, raise_on_no_answer=False, lifetime=self._lifetime)
        except dns.resolver.NXDOMAIN as missing:
            responses: dict[object, dns.message.Message] = missing.kwargs["responses"]
            ttl = min((_negative_ttl(response) for response in responses.values()), default=0.0)
            return _CachedRecords(DnsAnswerKind.NO_SUCH_DOMAIN, (), f"{name} does not exist", now + ttl)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            text = f"{name} is no domain name"
            return _CachedRecords(DnsAnswerKind.NO_SUCH_DOMAIN, (), text, now + LONGEST_NEGATIVE_SECONDS)
        except (dns.exception.DNSException, OSError) as error:
            return _CachedRecords(DnsAnswerKind.ERROR, (), f"{name} {type}: {' '.join(str(error).split())[:200]}")
        if answer.rrset is None:
            return _CachedRecords(DnsAnswerKind.NONE, (), f"{name} has no {type} record", now + _negative_ttl(answer.response))
        ttl = min(float(answer.chaining_result.minimum_ttl), LONGEST_TTL_SECONDS)
        return _CachedRecords(DnsAnswerKind.FOUND, tuple(_text(record) for record in answer.rrset), "", now + ttl)

    def _resolver(self) -> dns.asyncresolver.Resolver:
        """Configured at the first query: a machine without a nameserver is an error of the look-up, not a failure to start."""
        if self._configured is None:
            resolver = dns.asyncresolver.Resolver(configure=self._nameserver is None)
            if self._nameserver is not None:
                resolver.nameservers = [dns.nameserver.Do53Nameserver(*self._nameserver)]
            resolver.timeout = self._timeout
            resolver.use_search_by_default = False
            self._configured = resolver
        return self._configured


def _text(record: Any) -> str:
    strings = getattr(record, "strings", None)
    return str(record.to_text()) if strings is None else b"".join(strings).decode("utf-8", "replace")


def _preference(record: str) -> tuple[int, str]:
    preference, _, host = record.partition(" ")
    return int(preference), host.rstrip(".").lower()


def _negative_ttl(response: dns.message.Message) -> float:
    """RFC 2308 section 5: the lesser of the SOA's own TTL and its minimum; never more than five minutes."""
    soa = [rrset for rrset in response.authority if rrset.rdtype == dns.rdatatype.SOA]
    ttl = min((float(min(rrset.ttl, rrset[0].minimum)) for rrset in soa), default=0.0)
    return min(ttl, LONGEST_NEGATIVE_SECONDS)
