"""What leaves the house comes from a domain that is ours to use; what stays in the inbox may come from anywhere (A4, S-08)."""

import pytest

from tests.journey.conftest import Home, World
from tests.support.mailer import SENDER, letter, submit
from tests.support.product import Product
from tests.support.timelines import look

STRANGER = "ceo@bank.example"


def refusal(product: Product, **fields: object) -> tuple[int, str]:
    asked = {"to": "gate@x.test", "subject": "Hi", "text": "Hi.\n"} | fields
    status, answer = product.ask("POST", "/v1/send", asked)
    return status, str(answer.get("code", answer.get("id")))


@pytest.mark.parametrize(
    "sender", [STRANGER, f"Shop <{STRANGER}>", '"shop@shop.example" <ceo@bank.example>', "a@sub.shop.example"]
)
def test_over_http_an_unverified_author_is_403(world: World, sender: str) -> None:
    assert refusal(world.product, **{"from": sender}) == (403, "domain_not_verified")


@pytest.mark.parametrize("sender", ["someone@gmail.com", "someone@outlook.com"])
def test_a_free_mail_provider_is_no_sender_of_ours(world: World, sender: str) -> None:
    assert refusal(world.product, **{"from": sender})[0] == 403


def test_over_smtp_it_is_550_571_with_the_rule(world: World) -> None:
    answer = submit(world.product, letter("gate@x.test").replace(SENDER, STRANGER), "gate@x.test")
    assert (answer.code, answer.text[:5]) == (550, "5.7.1")
    assert "bank.example" in answer.text


@pytest.mark.parametrize(
    "author",
    [
        f"From: {SENDER}\r\nFrom: {STRANGER}",
        f"From: {STRANGER}\r\nFrom: {SENDER}",
        f"From: {SENDER}, {STRANGER}",
        f"From : {STRANGER}\r\nFrom: {SENDER}",
        "Subject: no author at all",
    ],
)
def test_exactly_one_author_decides(world: World, author: str) -> None:
    data = letter("gate@x.test").replace(f"From: {SENDER}", author)
    answer = submit(world.product, data, "gate@x.test")
    assert answer.code in {550, 554}, answer


def test_what_the_envelope_and_sender_field_say_decides_nothing(world: World) -> None:
    """The client's MAIL FROM (here shop@shop.example) is replaced by our return path."""
    data = f"Sender: {SENDER}\r\nResent-From: {SENDER}\r\n" + letter("gate@x.test").replace(SENDER, STRANGER)
    answer = submit(world.product, data, "gate@x.test")
    assert (answer.code, answer.text[:5]) == (550, "5.7.1")


def test_what_stays_in_the_inbox_needs_no_domain(home: Home, world: World) -> None:
    for product, key in ((home.product, None), (world.product, world.product.keys["testKey"])):
        sent = product.send(key, to="gate@x.test", **{"from": STRANGER}, subject="Hi", text="Hi.\n")
        product.wait(sent["id"], "delivered", key=key)
    sent = world.product.send(to="delivered@simulator.test", **{"from": STRANGER}, subject="Hi", text="Hi.\n")
    assert world.product.wait(sent["id"], "delivered")["from"] == STRANGER


def test_a_refused_message_leaves_nothing_behind(world: World) -> None:
    asked = {"to": "behind@x.test", "from": STRANGER, "subject": "Hi", "text": "Hi.\n", "dedupeKey": "gate:1"}
    assert world.product.ask("POST", "/v1/send", asked)[0] == 403
    assert world.product.ask("GET", "/v1/messages?recipient=behind@x.test")[1]["data"] == []
    sent = world.product.send(**(asked | {"from": SENDER}))
    assert sent["duplicate"] is False
    assert look(world.product, sent["id"])["dedupeKey"] == "gate:1"
