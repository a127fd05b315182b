"""``key create``, ``list`` and ``revoke``."""

import pytest

from tests.doors.cli.conftest import World


def test_a_key_is_shown_once_and_listed_without_its_secret(founded: World) -> None:
    founded.json("stream", "add", "accounts")
    made = founded.json("key", "create", "--name", "shop", "--type", "password_reset", "--stream", "accounts")
    (listed, *_) = founded.json("key", "list")["data"]
    assert made["key"].startswith(f"{listed['prefix']}")
    assert "key" not in listed
    assert {name: listed[name] for name in ("id", "name", "type", "stream", "environment", "kind", "revokedAt")} == {
        "id": made["id"],
        "name": "shop",
        "type": "password_reset",
        "stream": "accounts",
        "environment": "live",
        "kind": "api",
        "revokedAt": None,
    }
    assert made["key"] not in founded.run("key", "list").stdout


def test_a_test_key_is_for_the_sandbox(founded: World) -> None:
    made = founded.json("key", "create", "--test")
    assert made["environment"] == "test"
    assert made["key"].startswith("ph_test_")


def test_an_smtp_login_has_user_name_and_password(founded: World) -> None:
    made = founded.json("key", "create", "--smtp")
    assert made["kind"] == "smtp"
    assert made["username"] == made["prefix"]
    assert made["password"] not in founded.run("key", "list").stdout


def test_a_revoked_key_stays_listed_and_is_revoked_once(founded: World) -> None:
    made = founded.json("key", "create")
    assert founded.json("key", "revoke", made["id"]) == {"id": made["id"], "revoked": True}
    assert founded.json("key", "list")["data"][0]["revokedAt"].endswith("Z")
    assert founded.run("key", "revoke", made["id"]).exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("revoke", "key_1"), ("revoke", "msg_01jd0000000000000000000000"), ("create", "--type", "no-type")]
)
def test_what_is_no_id_and_no_type_is_a_usage_error(bare: World, arguments: tuple[str, ...]) -> None:
    result = bare.run("key", *arguments)
    assert result.exit_code == 2
    assert "Invalid value" in result.stderr


def test_an_unknown_tenant_is_named(founded: World) -> None:
    result = founded.run("key", "list", "--tenant", "t99")
    assert result.exit_code == 2
    assert "t99" in result.stderr


def test_a_limit_is_set_changed_listed_and_taken_away(founded: World) -> None:
    made = founded.json("key", "create", "--rate", "60")
    assert made["ratePerMinute"] == 60
    for rate, told in ((600, 600), (0, None)):
        assert founded.json("key", "change", made["id"], "--rate", str(rate))["ratePerMinute"] == told
        assert founded.json("key", "list")["data"][0]["ratePerMinute"] == told
    assert founded.json("key", "create")["ratePerMinute"] is None
    founded.json("key", "revoke", made["id"])
    assert founded.run("key", "change", made["id"], "--rate", "5").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("create", "--rate", "0"), ("create", "--rate", "1000000"), ("change", "key_1", "--rate", "5")]
)
def test_a_rate_out_of_bounds_is_a_usage_error(bare: World, arguments: tuple[str, ...]) -> None:
    assert bare.run("key", *arguments).exit_code == 2
