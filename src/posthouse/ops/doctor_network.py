"""What would stop mail from leaving, as far as the network and the machine can say: one finding a probe.

Findings advise; they refuse no mail. Every probe of the network is bounded by ``PATIENCE`` and they run together.
They take plain values, and no finding says anything secret. What the store says is ``probe_store``'s.
"""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from posthouse.model.dns_answer import DnsAnswerKind, PublishedRecords
from posthouse.net.clock import SystemClock
from posthouse.net.dns import Resolver
from posthouse.net.smtp.probe import ProbeAnswer, greet, reach

__all__ = ["CheckLevel", "CheckResult", "ProbeTargets", "RouteProbe", "check_network", "disk", "look_up"]

PATIENCE: Final = timedelta(seconds=3)
ROOM_WARNED: Final = 2_000_000_000  # bytes
ROOM_NEEDED: Final = 200_000_000


class CheckLevel(StrEnum):
    """``fail``: mail does not leave, or soon will not; ``warn``: worth a look."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckResult(msgspec.Struct, frozen=True):
    """One check. ``advice``: what to do, empty where there is nothing to do."""

    check: str
    level: CheckLevel
    text: str
    advice: str = ""


class RouteProbe(msgspec.Struct, frozen=True, kw_only=True):
    """A route as far as a probe needs it; ``kind`` as in POSTHOUSE_ROUTES, ``password``: there is one."""

    name: str
    kind: str
    host: str = ""
    port: int = 0
    tls: str = "opportunistic"
    password: bool = False


class ProbeTargets(msgspec.Struct, frozen=True, kw_only=True):
    """What the probes look at. ``domain``: one whose mail servers may be asked for a greeting, None: nobody is asked."""

    ways: tuple[RouteProbe, ...]
    hostname: str
    nameserver: tuple[str, int] | None
    mx_port: int
    domain: str | None


async def check_network(outside: ProbeTargets) -> list[CheckResult]:
    """Every way out, and the nameserver; takes as long as the slowest."""
    probes = [_relay(way, outside.hostname) for way in outside.ways if way.host]
    if any(way.kind == "mx" for way in outside.ways):
        resolver = _resolver(outside)
        probes += [_nameserver(outside, resolver), _port_25(outside, resolver)]
    return list(await asyncio.gather(*probes))


async def unreachable_routes(outside: ProbeTargets) -> list[str]:
    """Why mail cannot leave just now, a sentence a way; none where one of them is open. The inbox always is.

    A relay is open while it takes connections, a way straight to the recipients' servers while names can be looked up: what is said there
    is for ``look_outside`` and for the attempts.
    """
    if any(way.kind == "inbox" for way in outside.ways):
        return []
    probes = [_shut(way) for way in outside.ways if way.host]
    if any(way.kind == "mx" for way in outside.ways):
        probes.append(_unnamed(outside, _resolver(outside)))
    found = await asyncio.gather(*probes)
    return list(found) if all(found) else []


def _resolver(outside: ProbeTargets) -> Resolver:
    seconds = PATIENCE.total_seconds()
    return Resolver(outside.nameserver, SystemClock(), timeout=seconds, lifetime=seconds)


async def _shut(way: RouteProbe) -> str:
    why = await reach(way.host, way.port, PATIENCE)
    return f"the route {way.name} cannot be reached: {why}" if why else ""


async def _unnamed(outside: ProbeTargets, resolver: Resolver) -> str:
    found = await _nameserver(outside, resolver)
    return f"nameserver: {found.text}" if found.level is CheckLevel.FAIL else ""


async def look_up(asked: Sequence[tuple[str, str]], nameserver: tuple[str, int] | None) -> list[PublishedRecords]:
    """The records of each (name, type), in order."""
    seconds = PATIENCE.total_seconds()
    resolver = Resolver(nameserver, SystemClock(), timeout=seconds, lifetime=seconds)
    return list(await asyncio.gather(*(resolver.records(name, type) for name, type in asked)))


def disk(data_dir: Path) -> CheckResult:
    """Room where the data directory is, or will be."""
    folder = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free < ROOM_NEEDED:
        return CheckResult("disk", CheckLevel.FAIL, text, "make room: mail is refused while there is none")
    return (
        CheckResult("disk", CheckLevel.WARN, text, "make room before it runs out")
        if free < ROOM_WARNED
        else CheckResult("disk", CheckLevel.OK, text)
    )


async def _relay(way: RouteProbe, hostname: str) -> CheckResult:
    """Whether the relay greets us and offers what the route demands."""
    check = f"route {way.name}"
    heard = await greet(way.host, way.port, name=hostname, implicit_tls=way.kind == "smtps", patience=PATIENCE)
    if not isinstance(heard, ProbeAnswer):
        advice = "check the port, and whether it wants TLS" if heard.connected else "check host, port and firewalls"
        return CheckResult(check, CheckLevel.FAIL, f"does not answer: {heard.why}", advice)
    if way.kind == "smtp" and way.tls == "required" and "STARTTLS" not in heard.extensions:
        return CheckResult(
            check, CheckLevel.FAIL, "offers no STARTTLS, which this route demands", "use another port (587) or smtps:// (465)"
        )
    if way.password and way.tls == "off":
        return CheckResult(
            check, CheckLevel.WARN, "answers, but the password crosses the network in the clear", "leave out tls=off"
        )
    return CheckResult(check, CheckLevel.OK, f"answers: {heard.greeting[:80]}")


async def _nameserver(outside: ProbeTargets, resolver: Resolver) -> CheckResult:
    """Whether it answers at all; that a name does not exist is an answer."""
    whose = f"{outside.nameserver[0]} port {outside.nameserver[1]}" if outside.nameserver else "the system's resolver"
    heard = await resolver.mx(outside.domain or "example.com")
    if heard.kind is not DnsAnswerKind.ERROR:
        return CheckResult("nameserver", CheckLevel.OK, f"{whose} answers")
    advice = "check POSTHOUSE_DNS" if outside.nameserver else "check /etc/resolv.conf, or name a nameserver in POSTHOUSE_DNS"
    return CheckResult("nameserver", CheckLevel.FAIL, f"{whose} gives no answer: {heard.text}", advice)


async def _port_25(outside: ProbeTargets, resolver: Resolver) -> CheckResult:
    """Whether a mail server in the world can be reached: the one that takes mail for a domain of ours."""
    check = f"port {outside.mx_port} outbound"
    if outside.domain is None:
        return CheckResult(
            check, CheckLevel.WARN, "not tried: there is no domain whose mail server could be asked", "add a domain"
        )
    mx = await resolver.mx(outside.domain)
    host = mx.hosts[0][1] if mx.hosts else outside.domain
    found = (await resolver.addresses(host)).addresses
    if mx.kind is DnsAnswerKind.NULL_MX or not found:
        return CheckResult(
            check, CheckLevel.WARN, f"not tried: no mail server is published for {outside.domain}", "publish its MX record"
        )
    heard = await greet(found[0], outside.mx_port, name=outside.hostname, implicit_tls=False, patience=PATIENCE)
    if isinstance(heard, ProbeAnswer) or heard.connected:
        return CheckResult(check, CheckLevel.OK, f"{host} can be reached")
    advice = "many networks block port 25: ask the provider of this machine, or send through a relay (smtp://)"
    return CheckResult(check, CheckLevel.FAIL, f"{host} cannot be reached: {heard.why}", advice)
