"""The way through somebody else's server: an SMTP relay that the operator named (RFC 6409, RFC 8314, RFC 4954).

What goes wrong before a body left is a failure of our own route (``Refused``): another route may be tried at once.
What the relay takes it has only taken on; *delivered* is for others to say.

A password crosses the network only encrypted and only to a host whose certificate bears its name, unless the
relay is on loopback or the operator turned TLS off in so many words.
"""

import asyncio
import socket
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec

from posthouse.mail.smtp.handshake import SessionTerms, TlsUse
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.loopback import is_loopback_host
from posthouse.model.outcome import AttemptStage, Outcome, Reason
from posthouse.net.smtp import limits as settings
from posthouse.net.smtp import tls
from posthouse.net.smtp.connection_slots import ConnectionSlots
from posthouse.net.smtp.destination import Destination
from posthouse.net.smtp.dial import Dialler
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.smtp.pool import Candidate
from posthouse.policy.deliver import classify


class RelayTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a relay is. ``tls``: ``opportunistic``, ``required`` or ``off``; ``name``: as it stands in attempts."""

    host: str
    port: int
    name: str
    tls: str = "opportunistic"
    username: str = ""
    password: str = ""
    implicit_tls: bool = False

    def __repr__(self) -> str:
        """Never the password."""
        return f"RelayTarget({self.name})"

    @property
    def local(self) -> bool:
        """Whether it is on loopback, where nobody listens on the wire."""
        return is_loopback_host(self.host)

    @property
    def checked(self) -> bool:
        """Whether only an encrypted session with the right certificate will do."""
        secret = bool(self.password) or self.implicit_tls
        return self.tls == "required" or (self.tls != "off" and secret and not self.local)


class SmarthostTransport:
    """One relay, one destination. See ``net.transports.transport.Transport``."""

    def __init__(
        self,
        setting: RelayTarget,
        hostname: str,
        clock: Clock,
        limits: TransportLimits = settings.RELAY,
        *,
        authorities: Path | None = None,
    ) -> None:
        """``hostname``: what we call ourselves; ``authorities``: further ones to trust where names are checked (PEM)."""
        self.name = setting.name
        self._setting = setting
        berths, plain = ConnectionSlots(limits.total), tls.PlainHosts()
        usual = self._terms(hostname, checked=setting.checked)
        context = tls.checking(authorities) if setting.checked else tls.unchecked()
        strict = Dialler(self._terms(hostname, checked=True), tls.checking(authorities), limits, clock, plain)
        self._site = Destination(
            self.name, self._find, Dialler(usual, context, limits, clock, plain), limits, clock, berths, relay=True
        )
        self._strict_site = Destination(self.name, self._find, strict, limits, clock, berths, relay=True)

    async def send(self, parcel: Parcel) -> Attempt:
        """One try; a parcel that must be encrypted goes over a session whose certificate was checked."""
        return await (self._strict_site if parcel.tls_required else self._site).send(parcel)

    def room(self, domain: str) -> int:  # noqa: ARG002 - a relay is one destination, whatever the domain
        """How many more deliveries may start now."""
        return self._site.room()

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; cut off after ``grace``."""
        await asyncio.gather(self._site.close(grace), self._strict_site.close(grace))

    def _terms(self, hostname: str, *, checked: bool) -> SessionTerms:
        use = TlsUse.REQUIRED if checked else TlsUse.NEVER if self._setting.tls == "off" else TlsUse.OFFERED
        return SessionTerms(
            hostname=hostname,
            tls=use,
            secured=self._setting.implicit_tls,
            username=self._setting.username,
            password=self._setting.password,
        )

    async def _find(self) -> tuple[Candidate, ...] | Outcome:
        """The relay's addresses, by the machine's own resolver (hosts file included)."""
        host, port = self._setting.host, self._setting.port
        try:
            return (Candidate(host, str(ip_address(host)), port),)
        except ValueError:
            pass
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            return classify.no_answer(AttemptStage.RESOLVE, Reason.DNS_FAILED, f"{host}: {tls.in_words(error)}", relay=True)
        return tuple(dict.fromkeys(Candidate(host, str(address[4][0]), port) for address in found))
