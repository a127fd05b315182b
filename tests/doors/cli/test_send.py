"""``send``: what reaches intake, and what a person is told."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from posthouse.doors.cli.send import send as command
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, AcceptedDelivery, Environment, FieldError, Rejection, Warning
from posthouse.pipeline.accept.accept import StoreUnavailable
from tests.doors.cli.conftest import World

PLAIN = ("send", "--to", "ada@example.com", "--subject", "Hi", "--text", "Hello")


def test_every_option_reaches_intake(founded: World) -> None:
    founded.answer = Rejection("validation_failed", "no")
    founded.run(
        "send",
        "--to",
        "Ada <ada@example.com>",
        "--to",
        "bob@example.com",
        "--cc",
        "c@example.com",
        "--bcc",
        "d@example.com",
        "--from",
        "Shop <no@shop.example>",
        "--reply-to",
        "help@shop.example",
        "--subject",
        "Hi",
        "--text",
        "Hello",
        "--html",
        "<p>Hello",
        "--template",
        "password-reset",
        "--variable",
        "user_name=A=B",
        "--variable",
        'items:=[1, {"a": null}]',
        "--locale",
        "de",
        "--type",
        "password_reset",
        "--dedupe-key",
        "k",
        "--test",
    )
    ((caller, request),) = founded.asked
    assert (caller.environment, caller.door, caller.tenant_ref) == (Environment.TEST, "cli", "t1")
    assert request.to == (Mailbox("ada", "example.com", "Ada"), Mailbox("bob", "example.com"))
    assert request.cc + request.bcc + request.reply_to == (
        Mailbox("c", "example.com"),
        Mailbox("d", "example.com"),
        Mailbox("help", "shop.example"),
    )
    assert request.sender == Mailbox("no", "shop.example", "Shop")
    assert (request.subject, request.text, request.html, request.template) == ("Hi", "Hello", "<p>Hello", "password-reset")
    assert request.variables == {"user_name": "A=B", "items": [1, {"a": None}]}
    assert (request.locale, request.type, request.dedupe_key) == ("de", "password_reset", "k")


def test_text_may_come_from_a_file_or_from_standard_input(founded: World, tmp_path: Path) -> None:
    founded.answer = Rejection("validation_failed", "no")
    (tmp_path / "page.html").write_text("<p>Grüße", encoding="utf-8")
    founded.run("send", "--to", "a@b.example", "--html", f"@{tmp_path}/page.html", "--text", "@-", text="piped")
    assert (founded.asked[0][1].html, founded.asked[0][1].text) == ("<p>Grüße", "piped")


def test_what_was_not_given_is_left_to_intake(founded: World) -> None:
    founded.answer = Rejection("validation_failed", "no")
    founded.run(*PLAIN)
    request = founded.asked[0][1]
    assert (request.sender, request.variables, request.type, request.dedupe_key) == (None, None, None, None)
    assert founded.asked[0][0].environment is Environment.LIVE


@pytest.mark.parametrize(
    "wrong",
    [
        ("--to", "nobody"),
        ("--to", "a@b.example, c@b.example"),
        ("--to", "a@b.example\r\nBcc: x@y.example"),
        ("--from", "Shop"),
        ("--variable", "x"),
        ("--variable", "=x"),
        ("--variable", ":=1"),
        ("--variable", "x:={"),
        ("--text", "@/nowhere/file"),
        ("--wait", "soon"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_opened(bare: World, wrong: tuple[str, str]) -> None:
    result = bare.run(*PLAIN, *wrong)
    assert result.exit_code == 2
    assert wrong[0] in result.stderr
    assert bare.asked == []


def test_a_refusal_is_told_with_its_fields_and_exits_1(founded: World) -> None:
    founded.answer = Rejection("variable_invalid", "a variable is missing", (FieldError("variables.total", "is required"),))
    result = founded.run(*PLAIN)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "posthouse: refused (variable_invalid): a variable is missing",
        "  variables.total: is required",
    ]
    shown = json.loads(founded.run(*PLAIN, "--json").stdout)
    assert shown == {
        "error": {
            "code": "variable_invalid",
            "detail": "a variable is missing",
            "errors": [{"path": "variables.total", "message": "is required"}],
            "retry_after": None,
        }
    }


def test_an_unavailable_store_is_a_refusal(founded: World) -> None:
    founded.answer = StoreUnavailable()
    result = founded.run(*PLAIN)
    assert result.exit_code == 1
    assert "unavailable" in result.stderr


def test_what_was_accepted_is_answered_as_over_http(founded: World) -> None:
    founded.answer = Accepted(
        id="msg_1",
        status="queued",
        deliver_by=datetime(2026, 11, 23, 12, 0, 1, 5000, tzinfo=UTC),
        duplicate=False,
        deliveries=(AcceptedDelivery("ada@example.com", "queued"),),
        warnings=(Warning("late", "it is late", "occurredAt"),),
    )
    assert founded.json(*PLAIN) == {
        "id": "msg_1",
        "status": "queued",
        "deliverBy": "2026-11-23T12:00:01.005Z",
        "duplicate": False,
        "deliveries": [{"recipient": "ada@example.com", "status": "queued", "reason": None}],
        "warnings": [{"code": "late", "message": "it is late", "path": "occurredAt"}],
    }
    result = founded.run(*PLAIN)
    assert "msg_1" in result.stdout
    assert "it is late" in result.stderr


def test_it_says_when_nobody_is_there_to_send(founded: World) -> None:
    assert "No worker is running" in founded.run(*PLAIN).stderr


def test_a_wait_that_ends_too_early_shows_how_far_it_came_and_exits_1(founded: World) -> None:
    result = founded.run(*PLAIN, "--wait", "0")
    assert result.exit_code == 1
    assert "queued" in result.stdout
    assert "message.queued" in result.stdout


def test_wait_needs_no_number(founded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    option = next(each for each in command.params if each.name == "wait")
    monkeypatch.setattr(option, "flag_value", 0.1)
    result = founded.run(*PLAIN, "--wait")
    assert result.exit_code == 1
    assert "queued" in result.stdout


def test_wait_with_json_is_the_message_as_over_http(founded: World) -> None:
    shown = json.loads(founded.run(*PLAIN, "--wait", "0", "--json").stdout)
    assert shown["status"] == "queued"
    assert shown["deliveries"][0]["recipient"] == "user@example.com"
    assert shown["createdAt"].endswith("Z")
