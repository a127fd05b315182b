"""What was not attempted yet can be taken back; what was, cannot (contract, `…/cancel`)."""

from tests.journey.conftest import World
from tests.support.mailer import SENDER
from tests.support.peers import taken
from tests.support.timelines import delivery, look, states


def test_a_message_that_waits_is_cancelled_and_never_leaves(world: World) -> None:
    later = "2026-12-24T18:00:00Z"
    sent = world.product.send(
        to="cancelled@x.test", **{"from": SENDER}, subject="No", text="No.\n", sendAt=later, dedupeKey="c:1"
    )
    status, _ = world.product.ask("POST", f"/v1/messages/{sent['id']}/cancel")
    assert status == 200
    view = look(world.product, sent["id"])
    assert (view["status"], states(view)) == ("cancelled", ["queued", "cancelled"])
    assert (delivery(view)["attempts"], delivery(view)["nextAttemptAt"]) == ([], None)
    assert taken(world.mx, "cancelled@x.test") == []
    again = world.product.send(
        to="cancelled@x.test", **{"from": SENDER}, subject="No", text="No.\n", sendAt=later, dedupeKey="c:1"
    )
    assert (again["duplicate"], again["id"] != sent["id"]) == (False, True)


def test_what_was_delivered_cannot_be_cancelled(world: World) -> None:
    sent = world.product.send(to="gone@x.test", **{"from": SENDER}, subject="Yes", text="Yes.\n")
    world.product.wait(sent["id"], "delivered")
    status, problem = world.product.ask("POST", f"/v1/messages/{sent['id']}/cancel")
    assert (status, problem["code"]) == (409, "not_cancellable")


def test_what_was_attempted_once_cannot_be_cancelled(world: World) -> None:
    sent = world.product.send(to="f+rcpt+451+tried@x.test", **{"from": SENDER}, subject="Yes", text="Yes.\n", type="receipt")
    world.product.wait(sent["id"], "deferred")
    status, problem = world.product.ask("POST", f"/v1/messages/{sent['id']}/cancel")
    assert (status, problem["code"]) == (409, "not_cancellable")
    assert look(world.product, sent["id"])["status"] == "deferred"


def test_a_message_that_is_not_there_is_not_found(world: World) -> None:
    status, problem = world.product.ask("POST", "/v1/messages/msg_01m824xg8ye8x9v43gg38qv5r5/cancel")
    assert (status, problem["code"]) == (404, "not_found")
