"""A code that is no longer valid does not arrive late: it expires, and the application is told (T4)."""

from tests.journey.conftest import World
from tests.support.mailer import SENDER, letter, submit
from tests.support.peers import taken, until_true
from tests.support.timelines import delivery, look, states, told


def test_a_code_that_expired_before_its_next_attempt_does_not_leave(world: World) -> None:
    to = "f+rcpt+grey+1@x.test"  # greylisted: the next attempt may come after 60 s only, by then the code is no good
    answer = world.product.send(to=to, **{"from": SENDER}, subject="Code", text="847291\n", type="two_factor_code", expiresIn=5)
    view = world.product.wait(answer["id"], "expired")
    assert states(view)[-1] == "expired"
    assert delivery(view)["nextAttemptAt"] is None
    assert len(delivery(view)["attempts"]) == 1
    assert taken(world.mx, to) == []
    [event] = [e for e in told(world.product) if e["type"] == "message.expired" and e["data"]["messageId"] == answer["id"]]
    assert event["data"]["recipient"] == to


def test_a_scheduled_code_may_not_expire_before_it_is_due(world: World) -> None:
    asked = {"to": "never@x.test", "from": SENDER, "subject": "Code", "text": "1\n"}
    asked |= {"sendAt": "2036-01-01T00:00:00Z", "expiresAt": "2035-12-31T00:00:00Z"}
    status, problem = world.product.ask("POST", "/v1/send", asked)
    assert (status, problem["code"]) == (422, "validation_failed")
    assert {error["path"] for error in problem["errors"]} >= {"expiresAt"}


def test_what_has_expired_already_is_refused_at_either_door(world: World) -> None:
    asked = {"to": "late@x.test", "from": SENDER, "subject": "Code", "text": "1\n", "expiresAt": "2026-01-01T00:00:00Z"}
    status, problem = world.product.ask("POST", "/v1/send", asked)
    assert (status, problem["code"], problem["errors"][0]["path"]) == (422, "validation_failed", "expiresAt")
    answer = submit(world.product, letter("late@x.test", expires_at="2026-01-01T00:00:00Z"), "late@x.test")
    assert (answer.code, answer.text[:5]) == (554, "5.6.0")
    assert "X-Posthouse-Expires-At" in answer.text


def test_a_code_that_is_retried_in_time_still_arrives(world: World) -> None:
    to = "f+rcpt+grey+0@x.test"
    answer = world.product.send(to=to, **{"from": SENDER}, subject="Code", text="1\n", type="two_factor_code", expiresIn=600)
    view = world.product.wait(answer["id"], "deferred")
    until_true(lambda: look(world.product, answer["id"])["status"] == "deferred", "it moved on its own")
    assert delivery(view)["reason"] == "greylisted"
    assert view["expiresAt"] > delivery(view)["nextAttemptAt"]
