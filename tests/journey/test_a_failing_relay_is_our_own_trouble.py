"""By a relay: what fails before a body left is a failure of our own route: tried again quickly, then by the next route, and
operations are told; never a bounce (T5). Only what the operator wrote refuses mail, not a route that does not answer now.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from posthouse.testing.fake_mx import Behaviour, FakeMx
from tests.support.mailer import SENDER, letter, submit
from tests.support.peers import peers, taken
from tests.support.product import Product, command, environment, running
from tests.support.signatures import trust
from tests.support.timelines import View, delivery, states, told

LETTERS = ("good@x.test", "f+rcpt+550+5-1-1@x.test", "f+rcpt+451@x.test", "f+dot+accept_close@x.test")


class Relayed(NamedTuple):
    """Two products whose first relay turns everybody away; ``second`` has another behind it, ``only`` has not."""

    second: Product
    only: Product
    relay: FakeMx
    route: str
    by_second: dict[str, str]
    by_only: list[str]


@pytest.fixture(scope="module")
def relayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relayed]:
    folder = tmp_path_factory.mktemp("relayed")
    with peers() as around:
        dead, working = around.open("dead.test", Behaviour(greet="554")), around.open("x.test")
        first = f"smtp://user:hunter22@127.0.0.1:{dead.port}"
        two = environment(folder / "two", ROUTES=f"{first},smtp://127.0.0.2:{working.port}", WORKERS="1")
        one = environment(folder / "one", ROUTES=first, WORKERS="1")
        with running(two) as second, running(one) as only:
            trust(two, "shop.example")
            by_second = {to: sent(second, to) for to in LETTERS}
            trust(one, "shop.example")
            by_only = [sent(only, "a@x.test"), submit(only, letter("b@x.test", type="receipt"), "b@x.test").message]
            yield Relayed(second, only, working, f"smtp://127.0.0.1:{dead.port}", by_second, by_only)


def sent(product: Product, to: str) -> str:
    return str(product.send(to=to, **{"from": SENDER}, subject="Hello", text="Hello.\n", type="receipt")["id"])


def waited(product: Product, message: str) -> View:
    return product.wait(message, "sent", "bounced", "deferred", "in_doubt")


@pytest.mark.slow
def test_the_next_route_is_taken_after_three_quick_retries_and_its_word_counts(relayed: Relayed) -> None:
    views = [waited(relayed.second, message) for message in relayed.by_second.values()]
    assert [view["status"] for view in views] == ["sent", "bounced", "deferred", "in_doubt"]
    for view in views:
        attempts = delivery(view)["attempts"]
        assert [attempt["outcome"] for attempt in attempts[:4]] == ["refused"] * 4
        assert {attempt["route"] for attempt in attempts[:4]} == {relayed.route}
        assert len(attempts) == 5
        assert attempts[4]["route"] != relayed.route
        assert states(view) == ["queued", view["status"]]
    assert len(taken(relayed.relay, "good@x.test")) == 1


@pytest.mark.slow
def test_when_every_route_has_refused_a_round_the_mail_waits_and_operations_are_told_once(relayed: Relayed) -> None:
    views = [waited(relayed.only, message) for message in relayed.by_only]
    alerts = [event["data"] for event in told(relayed.only) if event["type"] == "alert.delivery_failed"]
    for view in views:
        assert (view["status"], len(delivery(view)["attempts"])) == ("deferred", 4)
        assert states(view) == ["queued", "deferred"]
    assert len(alerts) == 1
    assert (alerts[0]["messageType"], alerts[0]["route"]) == ("receipt", relayed.route)
    assert "hunter22" not in str(views) + str(alerts)


@pytest.mark.slow
def test_doctor_names_the_route_that_does_not_answer_while_mail_is_taken(relayed: Relayed) -> None:
    ended = command(relayed.only.env, "doctor", "--json", check=False)
    assert ended.returncode == 1
    assert relayed.route.removeprefix("smtp://") in ended.stdout
    assert "hunter22" not in ended.stdout + ended.stderr
    assert sent(relayed.only, "later@x.test").startswith("msg_")


@pytest.mark.parametrize("routes", ["resend:", "pigeon:"])
def test_a_route_that_cannot_be_is_refused_at_the_start_in_one_sentence(tmp_path: Path, routes: str) -> None:
    ended = command(environment(tmp_path / "var", ROUTES=routes), "serve", check=False)
    assert ended.returncode == 2
    assert "POSTHOUSE_ROUTES" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
