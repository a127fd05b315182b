"""Who receives mail for a domain, and at which addresses? (RFC 5321 section 5.1, RFC 7505, RFC 2308.)

Five answers are kept apart, because they mean different things for a delivery: found; no record of this
type; no such domain; a null MX (*we take no mail*); and trouble (SERVFAIL, time-out, nonsense), which says nothing
about the domain. Answers are cached by their TTL, negative ones for at most five minutes, trouble never.

Known sharp edges: the cache is this process' own. DNSSEC is not looked at. Names are asked as absolute ones, so
the machine's search list never turns one domain into another.
"""

import asyncio
from enum import StrEnum
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import msgspec

from posthouse.model.clock import Clock

LONGEST_TTL_SECONDS: Final = 86_400.0
LONGEST_NEGATIVE_SECONDS: Final = 300.0
_MOST_NAMES: Final = 20_000


class DnsAnswerKind(StrEnum):
    """What came of a look-up."""

    FOUND = "found"
    NONE = "none"
    NO_SUCH_DOMAIN = "no_such_domain"
    NULL_MX = "null_mx"
    TROUBLE = "trouble"


class MxAnswer(msgspec.Struct, frozen=True):
    """``hosts``: preference and name (without the last dot), lowest first; only where the kind is FOUND."""

    kind: DnsAnswerKind
    hosts: tuple[tuple[int, str], ...] = ()
    text: str = ""


class AddressAnswer(msgspec.Struct, frozen=True):
    """``addresses``: IPv4 first, because a receiver forgives an IPv4 address more (no PTR, no reputation)."""

    kind: DnsAnswerKind
    addresses: tuple[str, ...] = ()
    text: str = ""


class _Found(msgspec.Struct, frozen=True):
    """Records as text, and until when (monotonic seconds) they may be believed."""

    kind: DnsAnswerKind
    records: tuple[str, ...] = ()
    text: str = ""
    until: float = 0.0


class Resolver:
    """Asks one nameserver (IP address and port), or those of the machine."""

    def __init__(self, nameserver: tuple[str, int] | None, clock: Clock, *, timeout: float = 5.0, lifetime: float = 15.0) -> None:
        """``timeout``: seconds for one question; ``lifetime``: for all its repetitions."""
        self._nameserver = nameserver
        self._clock = clock
        self._timeout = timeout
        self._lifetime = lifetime
        self._cache: dict[tuple[str, str], _Found] = {}
        self._asking: dns.asyncresolver.Resolver | None = None

    async def mx(self, domain: str) -> MxAnswer:
        """The hosts that receive for ``domain`` (an A-label)."""
        found = await self._look(domain, "MX")
        if found.kind is not DnsAnswerKind.FOUND:
            return MxAnswer(found.kind, text=found.text)
        hosts = sorted(_preference(record) for record in found.records)
        if any(host == "" for _, host in hosts):
            real = tuple((preference, host) for preference, host in hosts if host)
            return (
                MxAnswer(DnsAnswerKind.FOUND, real)
                if real
                else MxAnswer(DnsAnswerKind.NULL_MX, text=f"{domain} takes no mail (null MX)")
            )
        return MxAnswer(DnsAnswerKind.FOUND, tuple(hosts))

    async def addresses(self, host: str) -> AddressAnswer:
        """Where ``host`` is."""
        four, six = await asyncio.gather(self._look(host, "A"), self._look(host, "AAAA"))
        if four.records or six.records:
            return AddressAnswer(DnsAnswerKind.FOUND, four.records + six.records)
        worst = four if four.kind is DnsAnswerKind.TROUBLE else six
        return AddressAnswer(worst.kind, text=worst.text)

    async def _look(self, name: str, type: str) -> _Found:
        key, now = (name.lower(), type), self._clock.monotonic()
        cached = self._cache.get(key)
        if cached is not None and cached.until > now:
            return cached
        found = await self._ask(name, type, now)
        if found.until > now:
            while len(self._cache) >= _MOST_NAMES:
                del self._cache[next(iter(self._cache))]
            self._cache[key] = found
        return found

    async def _ask(self, name: str, type: str, now: float) -> _Found:
        try:
            absolute = dns.name.from_text(name, origin=dns.name.root)
            answer = await self._resolver().resolve(absolute, type, raise_on_no_answer=False, lifetime=self._lifetime)
        except dns.resolver.NXDOMAIN as missing:
            responses: dict[object, dns.message.Message] = missing.kwargs["responses"]
            ttl = min((_negative_ttl(response) for response in responses.values()), default=0.0)
            return _Found(DnsAnswerKind.NO_SUCH_DOMAIN, (), f"{name} does not exist", now + ttl)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return _Found(DnsAnswerKind.NO_SUCH_DOMAIN, (), f"{name} is no domain name", now + LONGEST_NEGATIVE_SECONDS)
        except (dns.exception.DNSException, OSError) as error:
            return _Found(DnsAnswerKind.TROUBLE, (), f"{name} {type}: {' '.join(str(error).split())[:200]}")
        if answer.rrset is None:
            return _Found(DnsAnswerKind.NONE, (), f"{name} has no {type} record", now + _negative_ttl(answer.response))
        ttl = min(float(answer.chaining_result.minimum_ttl), LONGEST_TTL_SECONDS)
        return _Found(DnsAnswerKind.FOUND, tuple(record.to_text() for record in answer.rrset), "", now + ttl)

    def _resolver(self) -> dns.asyncresolver.Resolver:
        """Made at the first question: a machine without a nameserver is trouble, not a failure to start."""
        if self._asking is None:
            asking = dns.asyncresolver.Resolver(configure=self._nameserver is None)
            if self._nameserver is not None:
                asking.nameservers = [dns.nameserver.Do53Nameserver(*self._nameserver)]
            asking.timeout = self._timeout
            asking.use_search_by_default = False
            self._asking = asking
        return self._asking


def _preference(record: str) -> tuple[int, str]:
    preference, _, host = record.partition(" ")
    return int(preference), host.rstrip(".").lower()


def _negative_ttl(response: dns.message.Message) -> float:
    """RFC 2308 section 5: the lesser of the SOA's own TTL and its minimum; never more than five minutes."""
    soa = [rrset for rrset in response.authority if rrset.rdtype == dns.rdatatype.SOA]
    ttl = min((float(min(rrset.ttl, rrset[0].minimum)) for rrset in soa), default=0.0)
    return min(ttl, LONGEST_NEGATIVE_SECONDS)
