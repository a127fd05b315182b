"""What would stop mail from leaving, as far as the network and the machine can say: one ``CheckResult`` for each check.

Results advise; they refuse no mail. Every probe of the network is bounded by ``PATIENCE`` and they run together.
They take plain values, and no result holds anything secret. What the store can say is in ``doctor_store``.
"""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from posthouse.model.clock import Clock
from posthouse.model.dns_answer import DnsAnswerKind, PublishedRecords
from posthouse.net.dns import Resolver
from posthouse.net.smtp.probe import ProbeAnswer, ProbeTarget, greet, reach

__all__ = [
    "CheckLevel",
    "CheckResult",
    "ProbeTargets",
    "RouteProbe",
    "check_disk",
    "check_network",
    "look_up",
]

PATIENCE: Final = timedelta(seconds=3)
FREE_WARNED: Final = 2_000_000_000  # bytes
FREE_NEEDED: Final = 200_000_000


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
    """A route as far as a probe needs it; ``kind`` as in POSTHOUSE_ROUTES, ``password``: whether it has one."""

    name: str
    kind: str
    host: str = ""
    port: int = 0
    tls: str = "opportunistic"
    password: bool = False


class ProbeTargets(msgspec.Struct, frozen=True, kw_only=True):
    """What the probes look at. ``domain``: one whose mail servers may be asked for a greeting, None: none is asked."""

    routes: tuple[RouteProbe, ...]
    hostname: str
    nameserver: tuple[str, int] | None
    mx_port: int
    domain: str | None


async def check_network(targets: ProbeTargets, clock: Clock) -> list[CheckResult]:
    """Every route, and the nameserver; takes as long as the slowest."""
    probes = [_relay(route, targets.hostname) for route in targets.routes if route.host]
    if any(route.kind == "mx" for route in targets.routes):
        resolver = _resolver(targets.nameserver, clock)
        probes += [_nameserver(targets, resolver), _port_25(targets, resolver)]
    return list(await asyncio.gather(*probes))


async def unreachable_routes(targets: ProbeTargets, clock: Clock) -> list[str]:
    """Why mail cannot leave just now, a sentence for each route; none where one of them can be used. The inbox always can.

    A relay can be used while it takes connections, an MX route while names can be looked up. What the servers reply to more than
    that is for ``check_network`` and for the attempts.
    """
    if any(route.kind == "inbox" for route in targets.routes):
        return []
    probes = [_unreachable_relay(route) for route in targets.routes if route.host]
    if any(route.kind == "mx" for route in targets.routes):
        probes.append(_unreachable_nameserver(targets, _resolver(targets.nameserver, clock)))
    reasons = await asyncio.gather(*probes)
    return list(reasons) if all(reasons) else []


def _resolver(nameserver: tuple[str, int] | None, clock: Clock) -> Resolver:
    seconds = PATIENCE.total_seconds()
    return Resolver(nameserver, clock, timeout=seconds, lifetime=seconds)


async def _unreachable_relay(route: RouteProbe) -> str:
    why = await reach(route.host, route.port, PATIENCE)
    return f"the route {route.name} cannot be reached: {why}" if why else ""


async def _unreachable_nameserver(targets: ProbeTargets, resolver: Resolver) -> str:
    result = await _nameserver(targets, resolver)
    return f"nameserver: {result.text}" if result.level is CheckLevel.FAIL else ""


async def look_up(
    questions: Sequence[tuple[str, str]], nameserver: tuple[str, int] | None, clock: Clock
) -> list[PublishedRecords]:
    """The records of each (name, type), in order."""
    resolver = _resolver(nameserver, clock)
    return list(await asyncio.gather(*(resolver.records(name, type) for name, type in questions)))


def check_disk(data_dir: Path) -> CheckResult:
    """Free space where the data directory is, or will be."""
    folder = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free < FREE_NEEDED:
        return CheckResult("disk", CheckLevel.FAIL, text, "make room: mail is refused while there is none")
    if free < FREE_WARNED:
        return CheckResult("disk", CheckLevel.WARN, text, "make room before it runs out")
    return CheckResult("disk", CheckLevel.OK, text)


async def _relay(route: RouteProbe, hostname: str) -> CheckResult:
    """Whether the relay greets us and offers what the route demands."""
    check = f"route {route.name}"
    target = ProbeTarget(host=route.host, port=route.port, name=hostname, implicit_tls=route.kind == "smtps")
    answer = await greet(target, PATIENCE)
    if not isinstance(answer, ProbeAnswer):
        advice = "check the port, and whether it wants TLS" if answer.connected else "check host, port and firewalls"
        return CheckResult(check, CheckLevel.FAIL, f"does not answer: {answer.why}", advice)
    if route.kind == "smtp" and route.tls == "required" and "STARTTLS" not in answer.extensions:
        return CheckResult(
            check, CheckLevel.FAIL, "offers no STARTTLS, which this route demands", "use another port (587) or smtps:// (465)"
        )
    if route.password and route.tls == "off":
        return CheckResult(
            check, CheckLevel.WARN, "answers, but the password crosses the network in the clear", "leave out tls=off"
        )
    return CheckResult(check, CheckLevel.OK, f"answers: {answer.greeting[:80]}")


async def _nameserver(targets: ProbeTargets, resolver: Resolver) -> CheckResult:
    """Whether it answers at all; that a name does not exist is an answer."""
    nameserver = f"{targets.nameserver[0]} port {targets.nameserver[1]}" if targets.nameserver else "the system's resolver"
    answer = await resolver.mx(targets.domain or "example.com")
    if answer.kind is not DnsAnswerKind.ERROR:
        return CheckResult("nameserver", CheckLevel.OK, f"{nameserver} answers")
    advice = "check POSTHOUSE_DNS" if targets.nameserver else "check /etc/resolv.conf, or name a nameserver in POSTHOUSE_DNS"
    return CheckResult("nameserver", CheckLevel.FAIL, f"{nameserver} gives no answer: {answer.text}", advice)


async def _port_25(targets: ProbeTargets, resolver: Resolver) -> CheckResult:
    """Whether a mail server in the world can be reached: the one that takes mail for a domain of ours."""
    check = f"port {targets.mx_port} outbound"
    if targets.domain is None:
        return CheckResult(
            check, CheckLevel.WARN, "not tried: there is no domain whose mail server could be asked", "add a domain"
        )
    mx = await resolver.mx(targets.domain)
    host = mx.hosts[0][1] if mx.hosts else targets.domain
    addresses = (await resolver.addresses(host)).addresses
    if mx.kind is DnsAnswerKind.NULL_MX or not addresses:
        return CheckResult(
            check, CheckLevel.WARN, f"not tried: no mail server is published for {targets.domain}", "publish its MX record"
        )
    answer = await greet(ProbeTarget(host=addresses[0], port=targets.mx_port, name=targets.hostname), PATIENCE)
    if isinstance(answer, ProbeAnswer) or answer.connected:
        return CheckResult(check, CheckLevel.OK, f"{host} can be reached")
    advice = "many networks block port 25: ask the provider of this machine, or send through a relay (smtp://)"
    return CheckResult(check, CheckLevel.FAIL, f"{host} cannot be reached: {answer.why}", advice)
