"""One key, one message: over both doors, from many at once, through two servers on one outside database (D1, D2, D4)."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import asyncpg
import pytest

from posthouse.store.postgres.embedded import EmbeddedPostgres
from posthouse.testing.fake_mx import FakeMx
from tests.journey.conftest import World
from tests.support.mailer import SENDER, letter, submit
from tests.support.peers import peers, taken
from tests.support.product import Product, command, environment, running
from tests.support.signatures import trust
from tests.support.timelines import states

ASKERS = 64
SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I="


class Pair:
    """Two products on one database, and the host that they deliver to."""

    def __init__(self, first: Product, second: Product, mx: FakeMx) -> None:
        self.products = (first, second)
        self.mx = mx


@pytest.fixture(scope="module")
def pair(cluster: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    asyncio.run(_make_database(cluster.dsn))
    outside = cluster.dsn.replace("/posthouse?", "/outside?")
    folder = tmp_path_factory.mktemp("pair")
    with peers() as around:
        mx = around.open("x.test")
        settings = {
            "DATABASE_URL": outside,
            "SECRET_KEY": SECRET,
            "ROUTES": f"smtp://127.0.0.1:{mx.port}",
            "WORKERS": "1",
        }
        one, two = (environment(folder / name, **settings) for name in ("one", "two"))
        refused = command(one, "serve", check=False)
        assert (refused.returncode, "posthouse migrate" in refused.stderr) == (2, True)
        command(one, "migrate")
        with running(one) as first, running(two, keys=first.keys) as second:
            trust(one, "shop.example")
            yield Pair(first, second, mx)


async def _make_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("drop database if exists outside with (force)")
    await connection.execute("create database outside")
    await connection.close()


def request(to: str, key: str, text: str = "Hello.\n", **more: Any) -> dict[str, Any]:
    return {"to": to, "from": SENDER, "subject": "Hello", "text": text, "dedupeKey": key, **more}


def all_at_once(asks: Sequence[Callable[[], str]]) -> list[str]:
    """Every ask on a thread of its own, let go together."""
    gate = threading.Barrier(len(asks))

    def ask(one: Callable[[], str]) -> str:
        gate.wait(20)
        return one()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(ask, asks))


def test_sixty_four_at_once_over_both_doors_of_two_servers_make_one_message(pair: Pair) -> None:
    to = "many@x.test"

    def by_http(product: Product) -> str:
        answer = product.send(**request(to, "many:1"))
        return f"{answer['id']} {answer['duplicate']}"

    def by_smtp(product: Product) -> str:
        answer = submit(product, letter(to, dedupe_key="many:1"), to)
        return f"{answer.message} {'duplicate' in answer.text}"

    doors = (by_http, by_smtp)
    asks = [partial(door, product) for door in doors for product in pair.products for _ in range(ASKERS // 4)]
    answers = [answer.split() for answer in all_at_once(asks)]
    assert len({message for message, _ in answers}) == 1
    assert sorted(duplicate for _, duplicate in answers) == ["False"] + ["True"] * (ASKERS - 1)
    view = pair.products[1].wait(answers[0][0], "sent")
    assert states(view) == ["queued", "sent"]
    assert len(taken(pair.mx, to)) == 1


def test_many_keys_raced_for_by_all_doors_make_one_message_each(pair: Pair) -> None:
    keys = [f"race:{number}" for number in range(16)]

    def ask(number: int, key: str) -> str:
        product, to = pair.products[number % 2], f"{key.replace(':', '-')}@x.test"
        if number < 2:
            return f"{key} {product.send(**request(to, key))['id']}"
        return f"{key} {submit(product, letter(to, dedupe_key=key), to).message}"

    answers = all_at_once([partial(ask, number, key) for key in keys for number in range(4)])
    assert len(set(answers)) == len(keys)
    for answer in set(answers):
        pair.products[0].wait(answer.split()[1], "sent")
    for key in keys:
        assert len(taken(pair.mx, f"{key.replace(':', '-')}@x.test")) == 1


def test_other_content_under_a_key_is_a_conflict_over_either_door(pair: Pair) -> None:
    first, second = pair.products
    to = "conflict@x.test"
    sent = first.send(**request(to, "conflict:1"))
    status, problem = second.ask("POST", "/v1/send", request(to, "conflict:1", "Other.\n"))
    assert (status, problem["code"]) == (409, "idempotency_conflict")
    answer = submit(second, letter(to, body="Other.\r\n", dedupe_key="conflict:1"), to)
    assert (answer.code, answer.text[:5]) == (554, "5.5.0")
    assert submit(second, letter(to, dedupe_key="conflict:1"), to).message == sent["id"]


def test_tags_metadata_and_times_are_no_other_content(pair: Pair) -> None:
    to = "same@x.test"
    sent = pair.products[0].send(**request(to, "same:1", tags=["a"], metadata={"order": "1"}))
    again = pair.products[1].send(**request(to, "same:1", tags=["b"], metadata={"order": "2"}, expiresIn=60))
    assert (again["id"], again["duplicate"]) == (sent["id"], True)


def test_the_header_is_the_same_key_as_the_member_and_a_replay_says_so(pair: Pair) -> None:
    to = "header@x.test"
    asked = request(to, "header:1")
    sent = pair.products[0].send(**asked)
    del asked["dedupeKey"]
    status, again = pair.products[1].ask("POST", "/v1/send", asked, **{"Idempotency-Key": "header:1"})
    assert (status, again["id"], again["duplicate"]) == (202, sent["id"], True)


def test_what_was_refused_does_not_burn_its_key(pair: Pair) -> None:
    first, second = pair.products
    to = "burnt@x.test"
    status, problem = first.ask("POST", "/v1/send", request("not an address", "burnt:1"))
    assert (status, problem["code"], problem["errors"][0]["path"]) == (422, "validation_failed", "to")
    status, problem = first.ask("POST", "/v1/send", request(to, "burnt:1", template="order-confirmation", variables={}))
    assert (status, problem["code"]) == (422, "variable_invalid")
    refused = submit(first, letter(to, dedupe_key="burnt:1", type="no-such-type"), to)
    assert (refused.code, refused.text[:5]) == (554, "5.6.0")
    assert second.send(**request(to, "burnt:1"))["duplicate"] is False


def test_a_key_whose_message_bounced_may_be_used_again(pair: Pair) -> None:
    first, second = pair.products
    to = "bounced@simulator.test"
    sent = first.send(**request(to, "bounced:1"))
    assert first.wait(sent["id"], "bounced")["dedupeKey"] == "bounced:1"
    again = second.send(**request(to, "bounced:1"))
    assert (again["duplicate"], again["id"] != sent["id"]) == (False, True)


def test_keys_of_live_and_test_mail_are_apart(pair: Pair) -> None:
    product = pair.products[0]
    live = product.send(**request("apart@x.test", "apart:1"))
    test = product.send(product.keys["testKey"], **request("apart@x.test", "apart:1", "Other.\n"))
    assert (test["duplicate"], test["id"] != live["id"]) == (False, True)


def test_a_batch_derives_a_key_for_each_item(world: World) -> None:
    items = {"messages": [request(f"batch-key-{number}@x.test", "k") for number in range(3)]}
    for item in items["messages"]:
        del item["dedupeKey"]
    first, second = (
        world.product.ask("POST", "/v1/send/batch", items, **{"Idempotency-Key": "batch:1"})[1]["results"] for _ in range(2)
    )
    assert [item["id"] for item in first] == [item["id"] for item in second]
    assert [item["duplicate"] for item in second] == [True] * 3
    assert world.product.wait(first[2]["id"], "delivered")["dedupeKey"] == "batch:1#2"
