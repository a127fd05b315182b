"""Straight to a recipient's own mail host: MX look-up, then SMTP (RFC 5321 section 5.1).

All hosts are tried in order of preference, shuffled within one preference, with all their addresses. A domain that has
no MX is its own (implicit) MX, if it has an address.

*There is no such domain* and *we take no mail* (null MX, RFC 7505) end a delivery, so they are believed only when
they were answered twice, at least fifteen minutes apart (F-16): resolvers and registries have bad minutes. Until then
the delivery is deferred to the second look.

Known sharp edges: the first looks are remembered by this process only, and a restart forgets them: a bounce comes
later then, never wrongly. MX hosts on loopback or private addresses are refused unless that is allowed. The ``site`` of the queue
is a domain too, so two domains with the same MX hosts are two sites and two destinations.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from posthouse.mail.smtp.handshake import SessionTerms, TlsUse
from posthouse.model.attempt import Attempt
from posthouse.model.content import Parcel
from posthouse.model.dns_answer import DnsAnswerKind
from posthouse.model.outcome import AttemptStage, Outcome, Reason
from posthouse.model.route import RouteKind
from posthouse.net.dns import Resolver
from posthouse.net.reach import is_public
from posthouse.net.smtp import tls
from posthouse.net.smtp.destination import Destination, DestinationParts
from posthouse.net.smtp.dial import Dialler
from posthouse.net.smtp.growth import ConnectionSlots
from posthouse.net.smtp.pool import Candidate
from posthouse.net.transports.transport import SmtpParts

SECOND_LOOK: Final = timedelta(minutes=15)
_MOST_HOSTS: Final = 16
_MOST_CANDIDATES: Final = 32
_MOST_DESTINATIONS: Final = 1000
_MOST_LOOKS: Final = 10_000
_FORGET_LOOK: Final = timedelta(days=1)


class MissingDomains:
    """Domains that the DNS said are missing, and since when."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Reason, float]] = {}

    def record(self, domain: str, reason: Reason, now: float) -> timedelta | None:
        """How long until the second look may be believed; None: this is it. ``now``: monotonic seconds."""
        before, since = self._seen.get(domain, (reason, now))
        if before is not reason or now - since > _FORGET_LOOK.total_seconds():
            since = now
        while len(self._seen) >= _MOST_LOOKS:
            del self._seen[next(iter(self._seen))]
        self._seen[domain] = (reason, since)
        left = SECOND_LOOK - timedelta(seconds=now - since)
        return left if left > timedelta(0) else None

    def forget(self, domain: str) -> None:
        """It is there after all."""
        self._seen.pop(domain, None)


class MxTransport:
    """Straight to the recipients' hosts; a destination is a domain. See ``net.transports.transport.Transport``."""

    name = RouteKind.MX.value

    def __init__(
        self, parts: SmtpParts, resolver: Resolver, port: int, fraction: Callable[[], float], *, allow_private: bool = False
    ) -> None:
        """``fraction``: chance in [0, 1), to shuffle hosts of one preference (``net.entropy``)."""
        self._resolver = resolver
        self._port = port
        self._fraction = fraction
        self._clock = parts.clock
        self._classifier = parts.classifier
        self._limits = parts.limits
        self._allow_private = allow_private
        self._missing_domains = MissingDomains()
        self._destination_parts = DestinationParts(
            adapter=self.name,
            limits=parts.limits,
            clock=parts.clock,
            slots=ConnectionSlots(parts.limits.total),
            classifier=parts.classifier,
            relay=False,
        )
        plain = tls.PlainHosts()
        required = SessionTerms(hostname=parts.hostname, tls=TlsUse.REQUIRED)
        opportunistic = SessionTerms(hostname=parts.hostname)
        self._diallers = {
            False: Dialler(opportunistic, tls.unchecked(), parts.limits, parts.clock, plain),
            True: Dialler(required, tls.checking(parts.authorities), parts.limits, parts.clock, plain),
        }
        self._destinations: dict[tuple[str, bool], Destination] = {}

    async def send(self, parcel: Parcel) -> Attempt:
        """One attempt at the parcel's domain."""
        return await self._destination(parcel.domain.lower(), required=parcel.tls_required).send(parcel)

    def capacity(self, domain: str) -> int:
        """How many more deliveries to that domain may start now."""
        destination = self._destinations.get((domain.lower(), False))
        return self._limits.connections * self._limits.depth if destination is None else destination.capacity()

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; cut off after ``grace``."""
        await asyncio.gather(*(destination.close(grace) for destination in self._destinations.values()))

    def _destination(self, domain: str, *, required: bool) -> Destination:
        """``required``: TLS is; such mail has connections of its own, because the others may be in clear."""
        destination = self._destinations.get((domain, required))
        if destination is None:
            if len(self._destinations) >= _MOST_DESTINATIONS:
                self._destinations = {key: each for key, each in self._destinations.items() if not each.is_forgettable}
            destination = Destination(self._destination_parts, lambda: self._find(domain), self._diallers[required])
            self._destinations[domain, required] = destination
        return destination

    async def _find(self, domain: str) -> tuple[Candidate, ...] | Outcome:
        """Where to go, in order, or why nowhere."""
        if domain.startswith("["):
            literal = domain.strip("[]").removeprefix("ipv6:")
            return self._allowed(domain, [Candidate(literal, literal, self._port)])
        answer = await self._resolver.mx(domain)
        match answer.kind:
            case DnsAnswerKind.FOUND:
                hosts = sorted(answer.hosts, key=lambda host: (host[0], self._fraction()))[:_MOST_HOSTS]
                return await self._addresses(domain, [host for _, host in hosts])
            case DnsAnswerKind.NONE:
                return await self._addresses(domain, [domain], implicit=True)
            case DnsAnswerKind.ERROR:
                return self._classifier.no_answer(AttemptStage.RESOLVE, Reason.DNS_FAILED, answer.text)
            case DnsAnswerKind.NULL_MX:
                return self._missing(domain, Reason.NO_MAIL_DOMAIN, answer.text)
            case DnsAnswerKind.NO_SUCH_DOMAIN:
                return self._missing(domain, Reason.UNKNOWN_DOMAIN, answer.text)

    async def _addresses(self, domain: str, hosts: list[str], *, implicit: bool = False) -> tuple[Candidate, ...] | Outcome:
        answers = await asyncio.gather(*(self._resolver.addresses(host) for host in hosts))
        if implicit and answers[0].kind in (DnsAnswerKind.NONE, DnsAnswerKind.NO_SUCH_DOMAIN):
            return self._missing(domain, Reason.NO_MAIL_DOMAIN, f"{domain} has neither MX nor address")
        self._missing_domains.forget(domain)
        pairs = zip(hosts, answers, strict=True)
        found = [Candidate(host, address, self._port) for host, answer in pairs for address in answer.addresses]
        if not found:
            return self._classifier.no_answer(
                AttemptStage.RESOLVE, Reason.DNS_FAILED, f"no host of {domain} has an address: {answers[0].text}"
            )
        return self._allowed(domain, found)

    def _allowed(self, domain: str, found: list[Candidate]) -> tuple[Candidate, ...] | Outcome:
        """Never to where only this machine or its neighbours should reach."""
        allowed = tuple(candidate for candidate in found if self._allow_private or is_public(candidate.address))
        if allowed:
            return allowed[:_MOST_CANDIDATES]
        text = f"{domain}: {found[0]} is a private or loopback address; refused"
        return self._classifier.no_answer(AttemptStage.RESOLVE, Reason.DNS_FAILED, text)

    def _missing(self, domain: str, reason: Reason, text: str) -> Outcome:
        look_again = self._missing_domains.record(domain, reason, self._clock.monotonic())
        return self._classifier.no_such_destination(reason, text, look_again=look_again)
