"""``posthouse tail`` in a process of its own: a line an event, filters, the past, a restart of the server, and Ctrl-C."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.doors.cli.tail import TailFilter
from posthouse.model.webhook_event import EventFacts
from tests.doors.cli.conftest import World
from tests.support.postgres import NOW
from tests.support.product import ROOT, Product, command, environment, running, start
from tests.support.rows import new_id

SENT = {"to": "ada@example.com", "from": "no@shop.example", "subject": "Hi", "text": "Hello"}
ABOUT_BOB = {**SENT, "to": "bob@example.com", "type": "receipt", "stream": "shop"}


class Tail:
    """The command, and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._kept: dict[int, bytes] = {}

    def lines(self, count: int, *, error: bool = False, seconds: float = 60.0) -> list[str]:
        """Its next lines, once there are so many."""
        stream = self.process.stderr if error else self.process.stdout
        assert stream is not None
        number, until = stream.fileno(), time.monotonic() + seconds
        found: list[str] = []
        while len(found) < count:
            line, mark, rest = self._kept.get(number, b"").partition(b"\n")
            if mark:
                self._kept[number] = rest
                found.append(line.decode())
                continue
            assert select.select([number], [], [], max(0.0, until - time.monotonic()))[0], (found, line)
            said = os.read(number, 65536)
            assert said, (found, line)
            self._kept[number] = line + said
        return found

    def events(self, count: int) -> list[tuple[str, str]]:
        """Type and recipient of the next events of ``--json``."""
        told = [json.loads(line) for line in self.lines(count)]
        return [(event["type"].partition(".")[2], event["data"].get("recipient", "")) for event in told]

    def interrupt(self) -> int:
        """Ctrl-C; its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


@contextlib.contextmanager
def tailing(env: dict[str, str], *options: str, begun: bool = True) -> Iterator[Tail]:
    process = subprocess.Popen(
        [sys.executable, "-m", "posthouse", "tail", *options], env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    tail = Tail(process)
    try:
        if begun:
            assert tail.lines(1, error=True)[0].startswith("Following ")
        yield tail
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(environment(tmp_path_factory.mktemp("var"), WORKERS="1")) as product:
        yield product


@pytest.mark.slow
def test_events_are_told_a_line_each_as_they_happen_until_ctrl_c(product: Product) -> None:
    product.wait(product.send(**SENT)["id"], "delivered")
    with tailing(product.env) as tail:
        sent = product.send(**SENT)["id"]
        bounced = product.send(**{**SENT, "to": "bounced@simulator.test"})["id"]
        told = [line.split() for line in tail.lines(4)]
        seen = {(words[1], words[2], words[3]) for words in told}
        assert seen == {
            *((f"message.{word}", "ada@example.com", sent) for word in ("queued", "delivered")),
            *((f"message.{word}", "bounced@simulator.test", bounced) for word in ("queued", "bounced")),
        }
        assert {tuple(words[4:]) for words in told if words[1] == "message.bounced"} == {("unknown_recipient",)}
        assert tail.interrupt() == 0


@pytest.mark.slow
def test_with_json_each_line_is_the_event_that_http_tells(product: Product) -> None:
    with tailing(product.env, "--json") as tail:
        product.wait(product.send(**SENT)["id"], "delivered")
        told = [json.loads(line) for line in tail.lines(2)]
    assert told == product.ask("GET", "/v1/events?limit=200")[1]["data"][-2:]


@pytest.mark.slow
def test_filters_and_the_past(product: Product) -> None:
    began = product.ask("GET", f"/v1/messages/{product.send(**SENT)['id']}")[1]["createdAt"]
    assert product.ask("PUT", "/v1/streams/shop", {})[0] == 200
    about = product.send(**ABOUT_BOB)["id"]
    product.wait(about, "delivered")
    both = [("queued", "bob@example.com"), ("delivered", "bob@example.com")]
    for options in (
        ("--recipient", "bob@example.com"),
        ("--stream", "shop"),
        ("--type", "receipt"),
        ("--message", about),
        ("--type", "queued", "--type", "message.delivered", "--stream", "shop"),
    ):
        with tailing(product.env, "--json", "--since", began, *options) as tail:
            assert tail.events(2) == both, options
    with tailing(product.env, "--test", "--json") as tail:
        product.send(key=product.keys["testKey"], **SENT)
        assert tail.events(1) == [("queued", "ada@example.com")]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_restart_of_the_server_is_said_once_and_nothing_is_missed(tmp_path: Path) -> None:
    env = environment(tmp_path / "var", WORKERS="1")
    keys: dict[str, Any] = json.loads(command(env, "init", "--json").stdout)
    with tailing(env, "--json", begun=False) as tail:
        assert tail.lines(1, error=True) == [f"posthouse: No Posthouse runs on {tmp_path / 'var'} yet; waiting for it."]
        with running(env, keys=keys) as first:
            assert tail.lines(1, error=True)[0].startswith("Following live events")
            first.wait(first.send(**SENT)["id"], "delivered")
            assert tail.events(2) == [("queued", "ada@example.com"), ("delivered", "ada@example.com")]
        assert tail.lines(1, error=True) == ["posthouse: The database is away; this goes on from here once it is back."]
        second = start(env, keys=keys)
        try:
            assert second.ask("PUT", "/v1/streams/shop", {})[0] == 200
            second.wait(second.send(**ABOUT_BOB)["id"], "delivered")
            assert tail.events(2) == [("queued", "bob@example.com"), ("delivered", "bob@example.com")]
            (postgres,) = [pid for pid in second.children("postgres") if "-D" in Path(f"/proc/{pid}/cmdline").read_text()][:1]
            os.kill(postgres, signal.SIGKILL)
            until = time.monotonic() + 60
            while second.ask("POST", "/v1/send", SENT)[0] != 202:
                assert time.monotonic() < until
                time.sleep(0.1)
            assert tail.events(2) == [("queued", "ada@example.com"), ("delivered", "ada@example.com")]
            assert tail.interrupt() == 0
        finally:
            second.stop()
        assert tail.process.stderr is not None
        away = b"posthouse: The database is away; this goes on from here once it is back.\n"
        assert tail.process.stderr.read() in (b"", away)  # it may be back before anybody has looked; and nothing else


def test_what_cannot_be_followed_is_a_usage_error(founded: World, tmp_path: Path) -> None:
    for options, told in (
        (("--type", "delivred"), "Did you mean 'delivered'?"),
        (("--type", "recept"), "Did you mean 'receipt'?"),
        (("--message", "msg_1"), "--message"),
        (("--recipient", "nobody"), "--recipient"),
        (("--since", "soon"), "--since"),
        (("--tenant", "t99"), "There is no tenant t99"),
    ):
        result = founded.run("tail", *options)
        assert (result.exit_code, told in result.stderr) == (2, True), result.output
    nothing = World({"POSTHOUSE_DATA_DIR": str(tmp_path / "none")}).run("tail")
    assert (nothing.exit_code, "There is no database" in nothing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (TailFilter(), True),
        (TailFilter(types=frozenset({"message.bounced"})), True),
        (TailFilter(types=frozenset({"receipt"})), True),
        (TailFilter(types=frozenset({"message.sent", "refund"})), False),
        (TailFilter(stream="shop"), True),
        (TailFilter(stream="s"), False),
        (TailFilter(recipient="a@x.example"), True),
        (TailFilter(recipient="A@x.example"), False),
        (TailFilter(since=NOW), True),
        (TailFilter(types=frozenset({"receipt"}), stream="s"), False),
        (TailFilter(message="msg_x"), False),
    ],
)
def test_an_event_is_shown_where_all_that_was_asked_fits(wanted: TailFilter, *, taken: bool) -> None:
    event = EventFacts(
        id=new_id(NOW),
        type="message.bounced",
        at=NOW,
        message=new_id(NOW),
        recipient="a@x.example",
        message_type="receipt",
        stream="shop",
    )
    assert wanted.matches(event) is taken
    alert = EventFacts(id=new_id(NOW), type="alert.delivery_failed", at=NOW)
    assert TailFilter(types=frozenset({"alert.delivery_failed"})).matches(alert)
    assert not TailFilter(stream="shop").matches(alert)
