"""What doctor finds in the network and on the machine."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from posthouse.ops.doctor_network import (
    CheckLevel,
    CheckResult,
    ProbeTargets,
    RouteProbe,
    check_disk,
    check_network,
    look_up,
    unreachable_routes,
)
from posthouse.testing.clock import FakeClock
from posthouse.testing.fake_dns import FakeDns
from tests.support.smtp_script import scripted_server

GREETING = (b"220 relay ESMTP\r\n", b"250-relay\r\n250 SIZE 1000\r\n")
STARTTLS = (b"220 relay ESMTP\r\n", b"250-relay\r\n250 STARTTLS\r\n")


async def _check(**changes: Any) -> dict[str, CheckResult]:
    fields: dict[str, Any] = {"routes": (), "hostname": "mail.shop.test", "nameserver": None, "mx_port": 25, "domain": None}
    return {finding.check: finding for finding in await check_network(ProbeTargets(**(fields | changes)), FakeClock())}


async def _relay(said: tuple[bytes, ...], **changes: Any) -> CheckResult:
    async with scripted_server(*said) as port:
        found = await _check(routes=(RouteProbe(name="relay", kind="smtp", host="127.0.0.1", port=port, **changes),))
    return found["route relay"]


@pytest.mark.parametrize(
    ("said", "changes", "level"),
    [
        (GREETING, {}, CheckLevel.OK),
        (GREETING, {"tls": "required"}, CheckLevel.FAIL),
        (STARTTLS, {"tls": "required", "password": True}, CheckLevel.OK),
        (STARTTLS, {"tls": "off", "password": True}, CheckLevel.WARN),
        ((b"554 go away\r\n",), {}, CheckLevel.FAIL),
    ],
)
async def test_a_relay_is_asked_for_what_its_route_demands(
    said: tuple[bytes, ...], changes: dict[str, Any], level: CheckLevel
) -> None:
    found = await _relay(said, **changes)
    assert found.level is level
    assert bool(found.advice) is (level is not CheckLevel.OK)


async def test_a_relay_that_is_not_there_fails() -> None:
    async with scripted_server(b"") as port:
        pass
    found = await _check(routes=(RouteProbe(name="relay", kind="smtp", host="127.0.0.1", port=port),))
    assert found["route relay"].level is CheckLevel.FAIL


async def test_mail_can_leave_while_one_route_can_be_used() -> None:
    async with scripted_server(b"") as port:
        pass
    gone = RouteProbe(name="smtp://gone", kind="smtp", host="127.0.0.1", port=port)

    async def unreachable(*routes: RouteProbe) -> list[str]:
        return await unreachable_routes(
            ProbeTargets(routes=routes, hostname="mail.shop.test", nameserver=("127.0.0.1", port), mx_port=25, domain=None),
            FakeClock(),
        )

    (why,) = await unreachable(gone)
    assert why.startswith("the route smtp://gone cannot be reached")
    assert len(await unreachable(gone, RouteProbe(name="mx", kind="mx"))) == 2  # no name can be looked up either
    assert await unreachable(gone, RouteProbe(name="inbox", kind="inbox")) == []
    async with scripted_server(b"554 not today\r\n") as there:  # what it says is told by the attempts
        assert await unreachable(gone, RouteProbe(name="relay", kind="smtp", host="127.0.0.1", port=there)) == []


async def test_the_inbox_alone_probes_nothing() -> None:
    assert await _check(routes=(RouteProbe(name="inbox", kind="inbox"),)) == {}


ZONE = {
    "shop.test": {"MX": ["20 other.test.", "10 mx.shop.test."]},
    "mx.shop.test": {"A": ["127.0.0.1"]},
    "null.test": {"MX": ["0 ."]},
    "bare.test": {"A": ["127.0.0.1"]},
}


@pytest.mark.parametrize(
    ("domain", "nameserver", "outbound"),
    [
        ("shop.test", CheckLevel.OK, CheckLevel.OK),
        ("bare.test", CheckLevel.OK, CheckLevel.OK),
        ("null.test", CheckLevel.OK, CheckLevel.WARN),
        ("missing.test", CheckLevel.OK, CheckLevel.WARN),
        (None, CheckLevel.OK, CheckLevel.WARN),
        ("again.dns", CheckLevel.FAIL, CheckLevel.WARN),
    ],
)
async def test_port_25_is_tried_at_a_domain_of_ours(domain: str | None, nameserver: CheckLevel, outbound: CheckLevel) -> None:
    async with FakeDns(ZONE) as names, scripted_server(*GREETING) as port:
        found = await _check(
            routes=(RouteProbe(name="mx", kind="mx"),), nameserver=("127.0.0.1", names.port), mx_port=port, domain=domain
        )
    assert {check: finding.level for check, finding in found.items()} == {
        "nameserver": nameserver,
        f"port {port} outbound": outbound,
    }


async def test_a_blocked_port_fails_and_names_what_to_do() -> None:
    async with scripted_server(b"") as port:
        pass
    async with FakeDns(ZONE) as names:
        found = await _check(
            routes=(RouteProbe(name="mx", kind="mx"),), nameserver=("127.0.0.1", names.port), mx_port=port, domain="shop.test"
        )
    blocked = found[f"port {port} outbound"]
    assert blocked.level is CheckLevel.FAIL
    assert "relay" in blocked.advice


async def test_records_are_check_up_in_order() -> None:
    async with FakeDns(ZONE) as names:
        found = await look_up([("shop.test", "MX"), ("missing.test", "TXT")], ("127.0.0.1", names.port), FakeClock())
    assert [(one.name, len(one.values)) for one in found] == [("shop.test", 2), ("missing.test", 0)]


@pytest.mark.parametrize(("free", "level"), [(10**12, CheckLevel.OK), (10**9, CheckLevel.WARN), (10**8, CheckLevel.FAIL)])
def test_room_is_measured_where_the_data_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: CheckLevel
) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert check_disk(tmp_path / "not" / "yet").level is level
    assert asked == [tmp_path]
