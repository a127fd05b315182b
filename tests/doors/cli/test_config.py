"""``config`` and ``serve``: what they read and hand over. No database is opened."""

import json

import pytest

from posthouse.config import SETTINGS, Listen, UnusableSettings
from tests.doors.cli.conftest import World


def test_config_shows_every_setting_with_its_source(bare: World) -> None:
    rows = {row["name"]: row for row in bare.json("config", WORKERS="7")}
    assert list(rows) == [setting.name for setting in SETTINGS]
    assert (rows["POSTHOUSE_WORKERS"]["value"], rows["POSTHOUSE_WORKERS"]["source"]) == ("7", "environment")
    assert rows["POSTHOUSE_HTTP"]["source"] == "default"


def test_config_shows_no_secret(bare: World) -> None:
    secrets = {
        "SECRET_KEY": "hunter2",
        "DATABASE_URL": "postgresql://u:hunter2@h/d",
        "ROUTES": "smtp://u:hunter2@relay.example:25",
    }
    result = bare.run("config", **secrets)
    assert "hunter2" not in result.output
    assert "smtp://relay.example:25" in result.stdout


def test_config_shows_wrong_settings_and_exits_2(bare: World) -> None:
    result = bare.run("config", "--json", MX_PORT="smtp", WORKER="2")
    assert result.exit_code == 2
    assert {"value": "smtp"}.items() <= next(
        row for row in json.loads(result.stdout) if row["name"] == "POSTHOUSE_MX_PORT"
    ).items()
    assert "POSTHOUSE_WORKERS" in result.stderr
    assert "POSTHOUSE_MX_PORT is" in result.stderr


def test_the_table_is_aligned(bare: World) -> None:
    lines = bare.run("config").stdout.splitlines()
    at = lines[0].index("SOURCE")
    assert {line[at - 1] for line in lines} == {" "}
    assert {line[at:].split()[0] for line in lines[1:]} <= {"default", "environment", "file"}


def test_serve_hands_over_settings_roles_and_form(bare: World) -> None:
    assert bare.run("serve", "--roles", "api, worker", "--json", "--welcome", HTTP="127.0.0.1:0").exit_code == 0
    ((settings, roles, as_json, welcome),) = bare.served
    assert settings.http == Listen("127.0.0.1", 0)
    assert (roles, as_json, welcome) == (frozenset({"api", "worker"}), True, True)


def test_serve_without_roles_starts_all(bare: World) -> None:
    bare.run("serve")
    assert bare.served[0][1:] == (None, False, False)


def test_serve_warns_of_a_name_that_nothing_reads(bare: World) -> None:
    assert "POSTHOUSE_ROUTES" in bare.run("serve", ROUTE="mx:").stderr


def test_an_empty_list_of_roles_is_a_usage_error(bare: World) -> None:
    assert bare.run("serve", "--roles", ",").exit_code == 2
    assert bare.served == []


def test_what_the_supervisor_cannot_use_is_a_sentence_and_exit_code_2(bare: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UnusableSettings("The port is in use.")

    monkeypatch.setattr(bare, "_serve", refuse)
    result = bare.run("serve")
    assert (result.exit_code, result.stderr) == (2, "posthouse: The port is in use.\n")


def test_every_command_has_help_and_a_sentence() -> None:
    for command in (
        (),
        ("serve",),
        ("init",),
        ("migrate",),
        ("domain", "add"),
        ("send",),
        ("doctor",),
        ("key", "create"),
        ("config",),
        ("messages", "list"),
    ):
        result = World({}).run(*command, "--help")
        assert result.exit_code == 0
        assert len(result.stdout) > 100
