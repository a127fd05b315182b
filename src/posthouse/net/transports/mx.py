"""The way to a recipient's own mail host: MX look-up, then SMTP (RFC 5321 section 5.1).

All hosts are tried in order of preference, shuffled within one preference, with all their addresses. A domain that has
no MX is its own (implicit) MX, if it has an address.

*There is no such domain* and *we take no mail* (null MX, RFC 7505) end a delivery, so they are believed only when
they were heard twice, at least fifteen minutes apart (F-16): resolvers and registries have bad minutes. Until then
the delivery is deferred to the second look.

Known sharp edges: the first looks are remembered by this process only, and a restart forgets them: a bounce comes
later then, never wrongly. MX hosts on loopback or private addresses are refused unless that is allowed.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

from posthouse.mail.smtp.handshake import SessionTerms, TlsUse
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.dns_answer import DnsAnswerKind
from posthouse.model.outcome import AttemptStage, Outcome, Reason
from posthouse.model.route import RouteKind
from posthouse.net.dns import Resolver
from posthouse.net.entropy import Entropy
from posthouse.net.reach import is_public
from posthouse.net.smtp import limits as settings
from posthouse.net.smtp import tls
from posthouse.net.smtp.connection_slots import ConnectionSlots
from posthouse.net.smtp.destination import Destination
from posthouse.net.smtp.dial import Dialler
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.smtp.pool import Candidate
from posthouse.policy.deliver import classify

SECOND_LOOK: Final = timedelta(minutes=15)
_MOST_HOSTS: Final = 16
_MOST_CANDIDATES: Final = 32
_MOST_SITES: Final = 1000
_MOST_LOOKS: Final = 10_000
_FORGET_LOOK: Final = timedelta(days=1)


class MissingDomains:
    """Domains that were found missing, and since when."""

    def __init__(self) -> None:
        """Nothing was missed."""
        self._seen: dict[str, tuple[Reason, float]] = {}

    def due(self, domain: str, reason: Reason, now: float) -> timedelta | None:
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
        self,
        resolver: Resolver,
        port: int,
        hostname: str,
        clock: Clock,
        limits: TransportLimits = settings.MX,
        *,
        allow_private: bool = False,
        authorities: Path | None = None,
    ) -> None:
        """``hostname``: what we call ourselves; ``authorities``: further ones to trust where TLS is required (PEM)."""
        self._resolver = resolver
        self._port = port
        self._clock = clock
        self._limits = limits
        self._allow_private = allow_private
        self._entropy = Entropy()
        self._looks = MissingDomains()
        self._berths = ConnectionSlots(limits.total)
        plain = tls.PlainHosts()
        required = SessionTerms(hostname=hostname, tls=TlsUse.REQUIRED)
        self._diallers = {
            False: Dialler(SessionTerms(hostname=hostname), tls.unchecked(), limits, clock, plain),
            True: Dialler(required, tls.checking(authorities), limits, clock, plain),
        }
        self._sites: dict[tuple[str, bool], Destination] = {}

    async def send(self, parcel: Parcel) -> Attempt:
        """One try at the parcel's domain."""
        return await self._site(parcel.domain.lower(), required=parcel.tls_required).send(parcel)

    def room(self, domain: str) -> int:
        """How many more deliveries to that domain may start now."""
        site = self._sites.get((domain.lower(), False))
        return self._limits.connections * self._limits.depth if site is None else site.room()

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; cut off after ``grace``."""
        await asyncio.gather(*(site.close(grace) for site in self._sites.values()))

    def _site(self, domain: str, *, required: bool) -> Destination:
        site = self._sites.get((domain, required))
        if site is None:
            if len(self._sites) >= _MOST_SITES:
                self._sites = {key: site for key, site in self._sites.items() if not site.quiet}
            site = Destination(
                self.name,
                lambda: self._find(domain),
                self._diallers[required],
                self._limits,
                self._clock,
                self._berths,
                relay=False,
            )
            self._sites[domain, required] = site
        return site

    async def _find(self, domain: str) -> tuple[Candidate, ...] | Outcome:
        """Where to go, in order, or why nowhere."""
        if domain.startswith("["):
            literal = domain.strip("[]").removeprefix("ipv6:")
            return self._allowed(domain, [Candidate(literal, literal, self._port)])
        answer = await self._resolver.mx(domain)
        match answer.kind:
            case DnsAnswerKind.FOUND:
                hosts = sorted(answer.hosts, key=lambda host: (host[0], self._entropy.fraction()))[:_MOST_HOSTS]
                return await self._addresses(domain, [host for _, host in hosts])
            case DnsAnswerKind.NONE:
                return await self._addresses(domain, [domain], implicit=True)
            case DnsAnswerKind.ERROR:
                return classify.no_answer(AttemptStage.RESOLVE, Reason.DNS_FAILED, answer.text)
            case DnsAnswerKind.NULL_MX:
                return self._missing(domain, Reason.NO_MAIL_DOMAIN, answer.text)
            case DnsAnswerKind.NO_SUCH_DOMAIN:
                return self._missing(domain, Reason.UNKNOWN_DOMAIN, answer.text)

    async def _addresses(self, domain: str, hosts: list[str], *, implicit: bool = False) -> tuple[Candidate, ...] | Outcome:
        answers = await asyncio.gather(*(self._resolver.addresses(host) for host in hosts))
        if implicit and answers[0].kind in (DnsAnswerKind.NONE, DnsAnswerKind.NO_SUCH_DOMAIN):
            return self._missing(domain, Reason.NO_MAIL_DOMAIN, f"{domain} has neither MX nor address")
        self._looks.forget(domain)
        pairs = zip(hosts, answers, strict=True)
        found = [Candidate(host, address, self._port) for host, answer in pairs for address in answer.addresses]
        if not found:
            return classify.no_answer(
                AttemptStage.RESOLVE, Reason.DNS_FAILED, f"no host of {domain} has an address: {answers[0].text}"
            )
        return self._allowed(domain, found)

    def _allowed(self, domain: str, found: list[Candidate]) -> tuple[Candidate, ...] | Outcome:
        """Never to where only this machine or its neighbours should reach."""
        allowed = tuple(candidate for candidate in found if self._allow_private or is_public(candidate.address))
        if allowed:
            return allowed[:_MOST_CANDIDATES]
        text = f"{domain}: {found[0]} is a private or loopback address; refused"
        return classify.no_answer(AttemptStage.RESOLVE, Reason.DNS_FAILED, text)

    def _missing(self, domain: str, reason: Reason, text: str) -> Outcome:
        due = self._looks.due(domain, reason, self._clock.monotonic())
        return classify.no_such_destination(reason, text, look_again=due)
