"""``messages list`` and ``show``, and how a timeline reads."""

import json
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner

from posthouse.doors.cli.shared.timeline import is_settled, print_timeline, went_well
from posthouse.model.timeline import AttemptView, DeliveryView, EventView, MessageView
from tests.doors.cli.conftest import World

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SEND = ("send", "--to", "ada@example.com", "--text", "Hello")


def _delivery(status: str, **changes: Any) -> DeliveryView:
    fields: dict[str, Any] = {
        "recipient": "ada@example.com",
        "status": status,
        "reason": None,
        "latency_seconds": None,
        "next_attempt_at": None,
        "attempts": (),
    }
    return DeliveryView(**(fields | changes))


def _message(*deliveries: DeliveryView, **changes: Any) -> MessageView:
    fields: dict[str, Any] = {
        "id": "msg_1",
        "type": "receipt",
        "stream": "transactional",
        "subject": "Hi",
        "from_": "no@shop.example",
        "status": "queued",
        "created_at": AT,
        "occurred_at": None,
        "deliver_by": None,
        "expires_at": AT,
        "dedupe_key": None,
        "tags": (),
        "metadata": {},
        "template": None,
        "deliveries": deliveries,
        "events": (),
    }
    return MessageView(**(fields | changes))


def _event(text: str | None) -> EventView:
    return EventView(id="evt_1", type="message.queued", at=AT, recipient=text, data={"reason": text})


def _printed(view: MessageView) -> str:
    return CliRunner().invoke(click.Command("show", callback=lambda: print_timeline(view))).stdout


def test_a_message_is_listed_and_shown(founded: World) -> None:
    sent = founded.json(*SEND)
    (listed,) = founded.json("messages", "list")["data"]
    shown = founded.json("messages", "show", sent["id"])
    assert listed["id"] == shown["id"] == sent["id"]
    assert shown["events"][0]["type"] == "message.queued"
    assert sent["id"] in founded.run("messages", "list").stdout
    assert "user@example.com" in founded.run("messages", "show", sent["id"]).stdout


def test_live_and_sandbox_are_listed_apart_and_shown_alike(founded: World) -> None:
    sent = founded.json(*SEND, "--test")
    assert founded.json("messages", "list")["data"] == []
    assert [one["id"] for one in founded.json("messages", "list", "--test")["data"]] == [sent["id"]]
    assert founded.json("messages", "show", sent["id"])["id"] == sent["id"]


FILTERS = [
    ("--type", "password_reset", 1),
    ("--type", "receipt", 0),
    ("--status", "queued", 1),
    ("--status", "sent", 0),
    ("--recipient", "user@example.com", 1),
    ("--recipient", "x@example.com", 0),
    ("--tag", "a", 1),
    ("--tag", "b", 0),
    ("--since", "2020-01-01", 1),
    ("--until", "2020-01-01T00:00:00Z", 0),
    ("--dedupe-key", "none", 0),
    ("--stream", "transactional", 1),
    ("--template", "x", 0),
]


def test_the_list_filters(founded: World) -> None:
    founded.json(*SEND)
    found = [(option, value, len(founded.json("messages", "list", option, value)["data"])) for option, value, _ in FILTERS]
    assert found == FILTERS


def test_the_list_goes_on_where_it_ended(founded: World) -> None:
    sent = [founded.json(*SEND)["id"] for _ in range(3)]
    first = founded.json("messages", "list", "--limit", "2")
    rest = founded.json("messages", "list", "--limit", "2", "--cursor", first["nextCursor"])
    assert [one["id"] for one in first["data"] + rest["data"]] == sent[::-1]
    assert rest["nextCursor"] is None
    assert first["nextCursor"] in founded.run("messages", "list", "--limit", "2").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "1"),
        ("show", "key_01jd0000000000000000000000"),
        ("list", "--cursor", "x"),
        ("list", "--since", "soon"),
        ("list", "--status", "gone"),
        ("list", "--limit", "0"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(bare: World, arguments: tuple[str, ...]) -> None:
    assert bare.run("messages", *arguments).exit_code == 2


def test_an_unknown_message_exits_1(founded: World) -> None:
    result = founded.run("messages", "show", "msg_01jd0000000000000000000000", "--json")
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize(
    ("states", "settled", "well"),
    [
        (("sent", "delivered"), True, True),
        (("queued", "sent"), False, False),
        (("deferred",), False, False),
        (("bounced", "sent"), True, False),
        (("in_doubt",), True, False),
    ],
)
def test_a_message_is_settled_when_every_delivery_ended(states: tuple[str, ...], settled: bool, well: bool) -> None:
    view = _message(*map(_delivery, states))
    assert (is_settled(view), went_well(view)) == (settled, well)


def test_a_timeline_shows_each_attempt_with_its_reply() -> None:
    attempt = AttemptView(
        number=1,
        route="mx",
        adapter="mx",
        remote_id=None,
        outcome="deferred",
        reply_code=451,
        enhanced_code="4.7.1",
        reply="451 4.7.1 later",
        tls=None,
        started_at=AT,
        duration_ms=12.4,
    )
    view = _message(
        _delivery("deferred", reason="greylisted", next_attempt_at=AT, attempts=(attempt,)),
        events=(_event(None),),
    )
    assert "1. 2026-11-23 12:00:00Z  mx  deferred  12 ms  451 4.7.1 later" in _printed(view)
    assert "deferred (greylisted)" in _printed(view)


def test_what_others_wrote_cannot_drive_the_terminal() -> None:
    nasty = "\x1b]0;x\x07\r\n\x9b31m"
    attempt = AttemptView(
        number=1,
        route="mx",
        adapter="mx",
        remote_id=None,
        outcome="bounced",
        reply_code=550,
        enhanced_code=None,
        reply=nasty,
        tls=None,
        started_at=AT,
        duration_ms=1,
    )
    view = _message(
        _delivery("bounced", reason=nasty, attempts=(attempt,)),
        subject=nasty,
        events=(_event(nasty),),
    )
    assert not {"\x1b", "\x07", "\r", "\x9b"} & set(_printed(view))
    assert json.loads(msgspec.json.encode(view))
