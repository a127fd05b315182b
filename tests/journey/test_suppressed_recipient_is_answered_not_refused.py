"""A recipient that may not be written to is answered `suppressed` with its reason; the others of the message get it."""

from tests.journey.conftest import World
from tests.support.mailer import SENDER, letter, submit
from tests.support.peers import arrived
from tests.support.timelines import delivery, states

SUPPRESSED = "suppressed+list@simulator.test"


def test_over_http_it_is_in_the_answer_and_the_others_get_theirs(world: World) -> None:
    answer = world.product.send(to=[SUPPRESSED, "beside@x.test"], **{"from": SENDER}, subject="Both", text="Both.\n")
    assert [(each["recipient"], each["status"]) for each in answer["deliveries"]] == [
        (SUPPRESSED, "suppressed"),
        ("beside@x.test", "queued"),
    ]
    assert answer["deliveries"][0]["reason"]
    view = world.product.wait(answer["id"], "suppressed")  # before delivered, in the contract's order of states
    assert arrived(world.mx, "beside@x.test")
    assert [each["status"] for each in view["deliveries"]] == ["suppressed", "delivered"]


def test_a_message_to_nobody_else_is_suppressed_at_once(world: World) -> None:
    answer = world.product.send(to=SUPPRESSED, **{"from": SENDER}, subject="Alone", text="Alone.\n")
    assert answer["status"] == "suppressed"
    view = world.product.wait(answer["id"], "suppressed")
    assert (states(view), delivery(view)["attempts"]) == (["suppressed"], [])


def test_over_smtp_it_is_accepted_and_ends_suppressed(world: World) -> None:
    answer = submit(world.product, letter(SUPPRESSED), SUPPRESSED, "beside-smtp@x.test")
    view = world.product.wait(answer.message, "suppressed")
    assert {each["recipient"]: each["status"] for each in view["deliveries"]}[SUPPRESSED] == "suppressed"
    assert arrived(world.mx, "beside-smtp@x.test")
