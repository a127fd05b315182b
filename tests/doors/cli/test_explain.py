"""``posthouse explain``: what would happen, for a person and for a program."""

import json

from posthouse.model.send_request import Rejection
from tests.doors.cli.conftest import World

PLAIN = ("explain", "--to", "ada@example.com", "--from", "shop@shop.example", "--subject", "Hi", "--text", "Hello", "--test")


def test_a_person_reads_the_terms_and_a_program_the_whole(founded: World) -> None:
    told = founded.run(*PLAIN, "--type", "receipt")
    assert told.exit_code == 0, told.output
    lines = dict(line.split(None, 1) for line in told.stdout.splitlines() if line)
    assert lines["type"] == "receipt (transactional)"
    assert lines["ada@example.com"] == "inbox"
    whole = json.loads(founded.run(*PLAIN, "--json").stdout)
    assert (whole["explanation"]["stream"], whole["explanation"]["preview"]["text"]) == ("transactional", "Hello")
    assert founded.json("messages", "list")["data"] == []


def test_a_refusal_exits_1_and_says_why(founded: World) -> None:
    founded.answer = Rejection("content_refused", "because")
    told = founded.run(*PLAIN)
    assert (told.exit_code, "because" in told.stderr) == (1, True)
