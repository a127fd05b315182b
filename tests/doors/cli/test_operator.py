"""Who the audit trail says the operator is: the user of the machine as the system knows it, whatever the environment claims."""

import os
import pwd
from typing import Any

import pytest

from tests.doors.cli.conftest import World

USER = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


def trail(founded: World) -> list[dict[str, Any]]:
    return list(founded.json("template", "trail")["data"])


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_the_environment_cannot_claim_to_be_somebody_else(founded: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "mallory")
    founded.json("suppression", "add", "jane@x.test", "--reason", "asked")
    founded.json("type", "add", "order_update", "--parent", "shipping_update")
    assert {entry["actor"] for entry in trail(founded)} == {USER}
    [entry] = founded.json("suppression", "list")["data"]
    assert entry["actor"] == USER


def test_a_user_that_the_system_has_no_name_for_is_its_number(founded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    founded.json("type", "add", "order_update", "--parent", "shipping_update")
    assert trail(founded)[0]["actor"] == f"cli:{os.getuid()}"


def test_every_command_that_changes_something_is_on_record(founded: World) -> None:
    key = founded.json("key", "create")["id"]
    founded.json("key", "revoke", key)
    founded.json("webhook", "add", "https://app.example.com/hook")
    founded.json("domain", "add", "shop.example", "--trust")
    founded.json("hook", "add", "resend")
    founded.json("tenant", "set", "--reply-to", "help@shop.example")
    assert [entry["action"] for entry in reversed(trail(founded))] == [
        "tenant.created",
        "key.created",
        "key.revoked",
        "webhook.created",
        "domain.added",
        "domain.trusted",
        "hook.created",
        "tenant.changed",
    ]
