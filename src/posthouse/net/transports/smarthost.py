"""Through another server: an SMTP relay that the operator named (RFC 6409, RFC 8314, RFC 4954).

What goes wrong before a body left is a failure of our own route (``Refused``): another route may be tried at once.
What the relay accepts it has only taken on; *delivered* is for others to report.

A password crosses the network only encrypted and only to a host whose certificate bears its name, unless the
relay is on loopback or the operator turned TLS off explicitly.
"""

import asyncio
import socket
from datetime import timedelta
from ipaddress import ip_address

import msgspec

from posthouse.mail.smtp.handshake import SessionTerms, TlsUse
from posthouse.model.attempt import Attempt
from posthouse.model.content import Parcel
from posthouse.model.loopback import is_loopback_relay
from posthouse.model.outcome import AttemptStage, Outcome, Reason
from posthouse.net.smtp import tls
from posthouse.net.smtp.destination import Destination, DestinationParts
from posthouse.net.smtp.dial import Dialler
from posthouse.net.smtp.growth import ConnectionSlots
from posthouse.net.smtp.pool import Candidate
from posthouse.net.transports.transport import SmtpParts


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
        return is_loopback_relay(self.host)

    @property
    def checked(self) -> bool:
        """Whether only an encrypted session with the right certificate will do."""
        secret = bool(self.password) or self.implicit_tls
        return self.tls == "required" or (self.tls != "off" and secret and not self.local)


class SmarthostTransport:
    """One relay, one destination. See ``net.transports.transport.Transport``."""

    def __init__(self, target: RelayTarget, parts: SmtpParts) -> None:
        self.name = target.name
        self._target = target
        self._classifier = parts.classifier
        shared = DestinationParts(
            adapter=target.name,
            limits=parts.limits,
            clock=parts.clock,
            slots=ConnectionSlots(parts.limits.total),
            classifier=parts.classifier,
            relay=True,
        )
        plain = tls.PlainHosts()

        def destination(*, checked: bool) -> Destination:
            context = tls.checking(parts.authorities) if checked else tls.unchecked()
            terms = self._terms(parts.hostname, checked=checked)
            return Destination(shared, self._find, Dialler(terms, context, parts.limits, parts.clock, plain))

        self._usual = destination(checked=target.checked)
        self._checked = destination(checked=True)

    async def send(self, parcel: Parcel) -> Attempt:
        """One attempt; a parcel that must be encrypted goes over a session whose certificate was checked."""
        return await (self._checked if parcel.tls_required else self._usual).send(parcel)

    def capacity(self, domain: str) -> int:  # noqa: ARG002 - a relay is one destination, whatever the domain
        """How many more deliveries may start now."""
        return self._usual.capacity()

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; cut off after ``grace``."""
        await asyncio.gather(self._usual.close(grace), self._checked.close(grace))

    def _terms(self, hostname: str, *, checked: bool) -> SessionTerms:
        use = TlsUse.REQUIRED if checked else TlsUse.NEVER if self._target.tls == "off" else TlsUse.OFFERED
        return SessionTerms(
            hostname=hostname,
            tls=use,
            secured=self._target.implicit_tls,
            username=self._target.username,
            password=self._target.password,
        )

    async def _find(self) -> tuple[Candidate, ...] | Outcome:
        """The relay's addresses, by the machine's own resolver (hosts file included)."""
        host, port = self._target.host, self._target.port
        try:
            return (Candidate(host, str(ip_address(host)), port),)
        except ValueError:
            pass
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            return self._classifier.no_answer(
                AttemptStage.RESOLVE, Reason.DNS_FAILED, f"{host}: {tls.describe_error(error)}", relay=True
            )
        return tuple(dict.fromkeys(Candidate(host, str(address[4][0]), port) for address in found))
