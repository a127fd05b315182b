"""``posthouse webhook``: add, list, remove, enable, rotate, test, replay, log."""

import json
from typing import Any

import pytest

from tests.doors.cli.conftest import World

URL = "https://app.example.com/hook"


def test_an_endpoint_is_added_with_its_secret_once_and_listed_without(founded: World) -> None:
    founded.json("stream", "add", "receipts")
    made = founded.json("webhook", "add", URL, "--event", "message.*", "--stream", "receipts")
    assert made["secret"].startswith("whsec_")
    (listed,) = founded.json("webhook", "list")["data"]
    assert "secret" not in listed
    assert (listed["url"], listed["events"], listed["streams"], listed["status"]) == (URL, ["message.*"], ["receipts"], "enabled")
    assert founded.json("webhook", "list", "--test")["data"] == []
    assert made["id"] in founded.run("webhook", "list").stdout


def test_it_is_switched_off_and_on_rotated_and_removed(founded: World) -> None:
    made = founded.json("webhook", "add", URL)
    assert founded.run("webhook", "enable", made["id"], "--off").exit_code == 0
    assert founded.json("webhook", "list")["data"][0]["status"] == "disabled"
    assert founded.run("webhook", "enable", made["id"]).exit_code == 0
    assert founded.json("webhook", "rotate", made["id"])["secret"] != made["secret"]
    assert founded.run("webhook", "remove", made["id"]).exit_code == 0
    assert founded.run("webhook", "remove", made["id"]).exit_code == 1


def test_nothing_to_replay_and_an_empty_log_are_told(founded: World) -> None:
    made = founded.json("webhook", "add", URL)
    assert founded.json("webhook", "log", made["id"])["data"] == []
    found = founded.run("webhook", "replay", made["id"], "--failed", "--json")
    assert (found.exit_code, json.loads(found.stdout)) == (1, {"queued": 0})
    assert founded.run("webhook", "replay", made["id"], "--since", "2026-11-22T06:00:00+00:00").exit_code == 1


def test_a_test_that_nobody_posts_says_what_to_look_at(founded: World) -> None:
    made = founded.json("webhook", "add", URL)
    found = founded.run("webhook", "test", made["id"], "--wait", "0.3")
    assert found.exit_code == 1
    assert "posthouse serve" in found.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "http://app.example.com/"),
        ("add", "https://127.0.0.1/"),
        ("add", URL, "--event", "message.nonsense"),
        ("log", "key_1"),
        ("replay", "whk_01jd0000000000000000000000"),
        ("log", "whk_01jd0000000000000000000000", "--event", "x"),
    ],
)
def test_what_cannot_be_is_a_usage_error(founded: World, arguments: tuple[Any, ...]) -> None:
    found = founded.run("webhook", *arguments)
    assert found.exit_code == 2
    assert found.stderr


def test_with_private_networks_allowed_plain_http_is_taken(founded: World) -> None:
    assert founded.run("webhook", "add", "http://127.0.0.1:9999/", ALLOW_PRIVATE_NETWORKS="on").exit_code == 0
