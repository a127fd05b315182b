"""Whatever is killed, nothing accepted is lost, and a second copy is the same bytes (I4, D5; F-01, F-05 to F-07, F-37, F-38).

A producer sends 100 messages a second with keys of their own and repeats what was not answered; each second a door,
a worker or Postgres is killed, once a worker is stopped beyond its lease. The seed is printed.
"""

import hashlib
import random
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.support.onslaught import Promises, kill_at_random, ledger, produce
from tests.support.product import Product, command, environment, running, sink

FINAL = {"sent", "delivered", "in_doubt"}
SETTLING = 90.0


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("kind", "freeze"), [("password_reset", True), ("receipt", False)])
def test_nothing_accepted_is_lost_whatever_is_killed(tmp_path: Path, kind: str, freeze: bool) -> None:
    onslaught(tmp_path, kind, seconds=15, freeze=freeze)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "freeze"), [("password_reset", True), ("receipt", True)])
def test_nothing_accepted_is_lost_in_a_minute_of_kills(tmp_path: Path, kind: str, freeze: bool) -> None:
    onslaught(tmp_path, kind, seconds=60, freeze=freeze)


def onslaught(tmp_path: Path, kind: str, *, seconds: float, freeze: bool) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    book = tmp_path / "ledger"
    with sink(book) as port:
        env = environment(tmp_path / "var", ROUTES=f"smtp://127.0.0.1:{port}?tls=off", WORKERS="2")
        with running(env) as product:
            command(env, "domain", "add", "shop.example", "--trust")
            promises = Promises()
            sender = threading.Thread(target=produce, args=(product, kind, 100, seconds, promises, "k"))
            sender.start()
            done = kill_at_random(product, seconds, seed, freeze=freeze)
            sender.join()
            states = settle(product, promises)
        taken = ledger(book)
    kills = Counter(done)
    sys.stdout.write(f"seed {seed}: {len(promises.accepted)} accepted, {kills}, {Counter(states.values())}, {len(taken)} taken\n")
    assert not promises.wrong
    assert set(states.values()) <= FINAL, Counter(states.values())
    arrived = {entry["recipient"] for entry in taken}
    lost = [to for to in promises.accepted if to not in arrived and states[to] != "in_doubt"]
    assert not lost
    assert_copies_are_the_same_bytes(taken, may_repeat=kind == "password_reset")


def settle(product: Product, promises: Promises) -> dict[str, str]:
    """Every message's state, once none moves any more."""
    until = time.monotonic() + SETTLING
    states: dict[str, str] = {}
    waiting = dict(promises.accepted)
    while waiting:
        for to, message in list(waiting.items()):
            status, view = product.ask("GET", f"/v1/messages/{message}")
            assert status == 200, view
            states[to] = view["status"]
            if not moving(view):
                del waiting[to]
        assert time.monotonic() < until, Counter(states.values())
        time.sleep(0.2)
    return states


def moving(view: dict[str, object]) -> bool:
    """Queued or deferred; or in doubt with another attempt to come."""
    deliveries = view["deliveries"]
    assert isinstance(deliveries, list)
    return view["status"] in {"queued", "deferred"} or any(d["nextAttemptAt"] for d in deliveries)


def assert_copies_are_the_same_bytes(taken: list[dict[str, str]], *, may_repeat: bool) -> None:
    copies: dict[str, set[str]] = defaultdict(set)
    for entry in taken:
        copies[entry["recipient"]].add(hashlib.sha256(entry["data"].encode("latin-1")).hexdigest())
    assert all(len(digests) == 1 for digests in copies.values())
    times = Counter(entry["recipient"] for entry in taken)
    assert may_repeat or max(times.values()) == 1
