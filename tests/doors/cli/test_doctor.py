"""``doctor``: a line a check, what to do, and an exit code that says whether mail leaves."""

import json
from pathlib import Path
from typing import Any

from posthouse.ops.doctor_network import CheckLevel, CheckResult, RouteProbe
from tests.doors.cli.conftest import World


def _findings(world: World, **settings: str) -> dict[str, dict[str, Any]]:
    result = world.run("doctor", "--json", **settings)
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["ok"] else 1)
    return {finding["check"]: finding for finding in report["findings"]}


def test_a_store_in_order_is_told_check_by_check(founded: World) -> None:
    found = _findings(founded)
    assert {
        name: found[name]["level"] for name in ("disk", "database", "clock", "vacuum", "schema", "secret key", "queue")
    } == dict.fromkeys(("disk", "database", "clock", "vacuum", "schema", "secret key", "queue"), "ok")


def test_without_a_worker_mail_does_not_leave(founded: World) -> None:
    found = _findings(founded)
    assert found["worker"]["level"] == "fail"
    assert "posthouse serve" in found["worker"]["advice"]


def test_only_the_inbox_as_route_is_worth_a_warning(founded: World) -> None:
    assert _findings(founded)["routes"]["level"] == "warn"
    assert _findings(founded)["domain"]["level"] == "warn"


def test_a_route_to_the_world_needs_a_domain(founded: World) -> None:
    assert _findings(founded, ROUTES="mx:")["domain"]["level"] == "fail"
    founded.json("domain", "add", "shop.example")
    assert "none is trusted" in _findings(founded, ROUTES="mx:")["domain"]["text"]
    founded.json("domain", "add", "shop.example", "--trust")
    assert _findings(founded, ROUTES="mx:")["domain"]["level"] == "ok"


def test_the_network_is_asked_about_every_route_and_a_domain_of_ours(founded: World) -> None:
    founded.json("domain", "add", "shop.example")
    founded.findings = [CheckResult("route smtp://h:25", CheckLevel.FAIL, "does not answer", "check it")]
    found = _findings(founded, ROUTES="smtp://u:hunter2@h:25,mx:", DNS="127.0.0.1:53", MX_PORT="26")
    (outside,) = founded.outside
    assert outside.routes == (
        RouteProbe(name="smtp://h:25", kind="smtp", host="h", port=25, tls="required", password=True),
        RouteProbe(name="mx", kind="mx"),
    )
    assert (outside.domain, outside.nameserver, outside.mx_port, outside.hostname) == (
        "shop.example",
        ("127.0.0.1", 53),
        26,
        "mail.shop.example",
    )
    assert found["route smtp://h:25"]["level"] == "fail"
    assert "hunter2" not in repr(found)


def test_a_provider_that_cannot_be_driven_yet_is_a_failure(founded: World) -> None:
    assert _findings(founded, ROUTES="resend:")["route resend"]["level"] == "fail"


def test_a_wrong_secret_key_is_found_beside_all_the_rest(founded: World) -> None:
    found = _findings(founded, SECRET_KEY="another")
    assert found["secret key"]["level"] == "fail"
    assert found["queue"]["level"] == "ok"


def test_a_missing_secret_key_is_found(founded: World) -> None:
    assert _findings(founded, SECRET_KEY="")["secret key"]["level"] == "fail"


def test_a_database_that_does_not_answer_is_a_finding_and_the_rest_goes_on(world: World) -> None:
    found = _findings(world, DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert found["database"]["level"] == "fail"
    assert len(world.outside) == 1


def test_no_database_is_made_by_looking(tmp_path: Path) -> None:
    world = World({"POSTHOUSE_DATA_DIR": str(tmp_path / "var")})
    assert "posthouse init" in _findings(world)["database"]["text"]
    assert not (tmp_path / "var").exists()


def test_a_database_without_a_schema_names_migrate(world: World) -> None:
    dsn, _, query = world.environ["POSTHOUSE_DATABASE_URL"].partition("?")
    found = _findings(world, DATABASE_URL=f"{dsn.rpartition('/')[0]}/postgres?{query}")
    assert found["schema"]["advice"] == "run posthouse migrate"
    assert "queue" not in found


def test_a_person_reads_one_aligned_line_a_check(founded: World) -> None:
    founded.findings = [CheckResult("nameserver", CheckLevel.OK, "answers\x1b[0m")]
    lines = founded.run("doctor", WORKER="2").stdout.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warn", "fail"}
    assert all("->" in line for line in lines if line.startswith(("warn", "fail")))
    assert not any("->" in line or "\x1b" in line for line in lines if line.startswith("ok"))


def test_ca_prints_the_authority_and_nothing_else(world: World, tmp_path: Path) -> None:
    result = world.run("doctor", "--ca")
    assert (result.exit_code, result.stdout) == (0, f"authority of mail.shop.example in {tmp_path}\n")
