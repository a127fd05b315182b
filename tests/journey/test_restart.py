"""Stopping and starting: SIGTERM loses and repeats nothing, the next start goes on; what cannot start says why in one
sentence.
"""

import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from posthouse.testing.fake_mx import FakeMx
from tests.support.mailer import SENDER
from tests.support.onslaught import Promises, produce
from tests.support.peers import peers, taken, until_true
from tests.support.product import Product, command, environment, running, start
from tests.support.signatures import trust
from tests.support.timelines import delivery, look

RATE, SECONDS, STOP_AFTER = 50.0, 5.0, 2.5
GRACE = 30.0


class House(NamedTuple):
    """A product that is stopped, its keys, and the relay that it will deliver to."""

    env: dict[str, str]
    keys: dict[str, Any]
    relay: FakeMx


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """One for each test: what hangs at the end of one would hold up the end of another."""
    with peers() as around:
        relay = around.open("x.test")
        env = environment(tmp_path / "house" / "var", ROUTES=f"smtp://127.0.0.1:{relay.port}", WORKERS="1")
        keys = json.loads(command(env, "init", "--json").stdout)
        trust(env, "shop.example")
        yield House(env, keys, relay)


def stopped(product: Product) -> tuple[int, float]:
    """Its exit code, and how long it took."""
    began = time.monotonic()
    return product.stop(), time.monotonic() - began


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_sigterm_under_load_loses_nothing_and_repeats_nothing(house: House) -> None:
    """The producer repeats what was not answered, to the server that comes next on the same doors."""
    fixed = house.env | {"POSTHOUSE_HTTP": f"127.0.0.1:{free_port()}"}
    promises = Promises()
    first = start(fixed, keys=house.keys)
    sending = threading.Thread(target=produce, args=(first, "receipt", RATE, SECONDS, promises, "load"))
    sending.start()
    time.sleep(STOP_AFTER)
    code, took = stopped(first)
    with running(fixed, keys=house.keys) as second:
        sending.join()
        assert (code, took <= GRACE, promises.wrong) == (0, True, [])
        assert len(promises.accepted) == RATE * SECONDS
        for message in promises.accepted.values():
            assert second.wait(message, "sent", "in_doubt", "deferred")["status"] == "sent"
    copies = Counter(entry.recipient.decode() for entry in house.relay.ledger if entry.recipient.startswith(b"load+"))
    assert copies == dict.fromkeys(promises.accepted, 1)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_what_hangs_at_the_end_is_given_back_or_in_doubt_as_the_dot_has_left_or_not(house: House) -> None:
    before, behind = "f+rcpt+hang@x.test", "f+dot+accept_hang@x.test"
    with running(house.env, keys=house.keys) as product:
        unsent, doubtful = (
            product.send(to=to, **{"from": SENDER}, subject="Hi", text="Hi.\n", type="receipt")["id"] for to in (before, behind)
        )
        until_true(lambda: tries(house, before) == 1 and bool(taken(house.relay, behind)), "they were not tried")
        code, took = stopped(product)
        assert (code, took <= GRACE + 5) == (0, True)
    with running(house.env, keys=house.keys) as product:
        view = product.wait(doubtful, "in_doubt")
        assert delivery(view)["nextAttemptAt"] is None
        until_true(lambda: tries(house, before) == 2, "what had not left was not tried again")
        assert look(product, unsent)["status"] == "queued"
        assert len(taken(house.relay, behind)) == 1
        product.stop(signal.SIGKILL)  # it would wait for the host that hangs


@pytest.mark.slow
def test_what_cannot_start_exits_2_with_one_sentence(house: House) -> None:
    with running(house.env, keys=house.keys) as product:
        second = command(house.env, "serve", check=False)
        assert_sentence(second.returncode, second.stderr, "in use")
        other = environment(Path(house.env["POSTHOUSE_DATA_DIR"]).parent / "other", HTTP="{}:{}".format(*product.http))
        busy = command(other, "serve", check=False)
        assert_sentence(busy.returncode, busy.stderr, str(product.http[1]))
        again = command(house.env, "init", "--json", check=False)
        assert (again.returncode, again.stdout) == (3, "")
        assert product.ask("GET", "/readyz")[0] == 200
    wrong = command(house.env | {"POSTHOUSE_SECRET_KEY": "d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3I="}, "serve", check=False)
    assert_sentence(wrong.returncode, wrong.stderr, "POSTHOUSE_SECRET_KEY")
    with running(house.env, keys=house.keys) as product:
        assert product.ask("GET", "/readyz")[0] == 200


def test_a_data_directory_that_cannot_be_made_exits_2_with_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = command(environment(tmp_path / "file" / "var"), "serve", check=False)
    assert_sentence(ended.returncode, ended.stderr, "file/var")


def tries(house: House, to: str) -> int:
    return sum(1 for _, line in tuple(house.relay.commands) if line.startswith(b"RCPT") and to.encode() in line)


def assert_sentence(code: int, errors: str, word: str) -> None:
    lines = errors.strip().splitlines()
    assert (code, len(lines)) == (2, 1), errors
    assert word in lines[0]
    assert "Traceback" not in errors


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
