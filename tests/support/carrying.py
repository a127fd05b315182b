"""Parcels, gates and transports for tests that go over the wire."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from posthouse.model.content import Parcel
from posthouse.net.clock import SystemClock
from posthouse.net.dns import Resolver
from posthouse.net.entropy import Entropy
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.transports.mx import MxTransport
from posthouse.net.transports.smarthost import RelayTarget, SmarthostTransport
from posthouse.net.transports.transport import SmtpParts
from posthouse.policy.deliver import classify
from posthouse.testing.fake_dns import FakeDns, Zone
from posthouse.testing.fake_mx import FakeMx

LONG: Final = timedelta(seconds=20)
SHORT: Final = timedelta(milliseconds=600)
PATIENT: Final = TransportLimits(connections=4, idle=LONG)
_PHASES: Final = ("connect", "greeting", "hello", "tls", "mail", "rcpt", "data", "body", "dot", "quit")
HASTY: Final = msgspec.structs.replace(PATIENT, **dict.fromkeys(_PHASES, SHORT))
_SILENT: Final = ("hang", "silent", "stall", "tarpit", "drip", "stop")
FAR: Final = datetime(2100, 1, 1, tzinfo=UTC)
RETURN_PATH: Final = "b+token@bounce.test"


def limits_for(fault: str) -> TransportLimits:
    """Hasty where ``fault`` is a silence; else ``PATIENT``, so that a slow machine turns no other fault into a time-out."""
    return HASTY if any(silence in fault for silence in _SILENT) else PATIENT


class Gate:
    """Says yes, or no, and remembers how often it was asked."""

    def __init__(self, *, shut: bool = False) -> None:
        self.shut = shut
        self.asked = 0

    def open(self) -> bool:
        self.asked += 1
        return not self.shut


def parcel(
    recipient: str = "a@x.test", data: bytes = b"Subject: x\r\n\r\nhello\r\n", gate: Gate | None = None, *, tls: bool = False
) -> Parcel:
    return Parcel(
        return_path=RETURN_PATH,
        recipient=recipient,
        domain=recipient.rpartition("@")[2],
        data=data,
        expires_at=FAR,
        gate=gate or Gate(),
        tls_required=tls,
    )


def smtp_parts(limits: TransportLimits, clock: SystemClock | None = None, authorities: Path | None = None) -> SmtpParts:
    """What a transport of ``me.test`` is made of."""
    return SmtpParts(
        hostname="me.test", clock=clock or SystemClock(), classifier=classify, limits=limits, authorities=authorities
    )


@asynccontextmanager
async def relay(
    mx: FakeMx,
    limits: TransportLimits = PATIENT,
    *,
    clock: SystemClock | None = None,
    authorities: Path | None = None,
    target: Mapping[str, object] | None = None,
) -> AsyncIterator[SmarthostTransport]:
    """A relay to ``mx``, closed at the end; ``target``: what else is to be said of it."""
    values = {"host": "127.0.0.1", "port": mx.port, "name": f"smtp://127.0.0.1:{mx.port}"} | dict(target or {})
    smarthost = SmarthostTransport(msgspec.convert(values, RelayTarget), smtp_parts(limits, clock, authorities))
    try:
        yield smarthost
    finally:
        await smarthost.close(timedelta(seconds=1))


@asynccontextmanager
async def world(
    zone: Zone,
    port: int,
    limits: TransportLimits = PATIENT,
    *,
    clock: SystemClock | None = None,
    private: bool = True,
    authorities: Path | None = None,
) -> AsyncIterator[tuple[MxTransport, FakeDns]]:
    """A transport to the hosts of ``zone``, all on loopback and on one port."""
    clock = clock or SystemClock()
    async with FakeDns(zone) as dns:
        resolver = Resolver(("127.0.0.1", dns.port), clock, timeout=0.5, lifetime=1.0)
        parts = smtp_parts(limits, clock, authorities)
        transport = MxTransport(parts, resolver, port, Entropy().fraction, allow_private=private)
        try:
            yield transport, dns
        finally:
            await transport.close(timedelta(seconds=1))


def host(name: str, *addresses: str) -> Zone:
    """A host of the zone."""
    return {name: {"A": list(addresses or ("127.0.0.1",))}}
