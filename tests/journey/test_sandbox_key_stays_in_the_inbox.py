"""What a test key sends walks the whole path and stays in the built-in inbox, unseen by live keys (X1)."""

from tests.journey.conftest import World
from tests.support.mailer import SENDER, letter, submit
from tests.support.peers import taken
from tests.support.signatures import BOTH, verdicts
from tests.support.timelines import delivery, raw, states

CODE = {"from": SENDER, "subject": "Your code", "text": "Your code is 428193.\n", "type": "two_factor_code"}


def test_it_walks_the_whole_path_signed_and_stays(world: World) -> None:
    product, key = world.product, world.product.keys["testKey"]
    sent = product.send(key, to="sandbox@x.test", **CODE)
    status, page = product.ask("GET", "/v1/inbox?to=sandbox@x.test&wait=10", key=key)
    [item] = page["data"]
    assert (status, item["messageId"], item["code"]) == (200, sent["id"], "428193")
    view = product.wait(sent["id"], "delivered", key=key)
    assert (states(view), delivery(view)["attempts"][0]["route"]) == (["queued", "delivered"], "inbox")
    assert verdicts(raw(product, sent["id"], key), world.records) == BOTH
    assert taken(world.mx, "sandbox@x.test") == []


def test_a_session_that_logged_in_with_a_test_key_is_sandbox(world: World) -> None:
    product, key = world.product, world.product.keys["testKey"]
    answer = submit(product, letter("sandbox-smtp@x.test"), "sandbox-smtp@x.test", password=key)
    product.wait(answer.message, "delivered", key=key)
    assert [item["messageId"] for item in product.ask("GET", "/v1/inbox?to=sandbox-smtp@x.test", key=key)[1]["data"]] == [
        answer.message
    ]
    assert taken(world.mx, "sandbox-smtp@x.test") == []


def test_a_live_key_as_password_sends_to_the_world(world: World) -> None:
    answer = submit(world.product, letter("live-smtp@x.test"), "live-smtp@x.test", password=world.product.keys["liveKey"])
    world.product.wait(answer.message, "delivered")
    assert len(taken(world.mx, "live-smtp@x.test")) == 1


def test_live_and_test_do_not_see_each_other(world: World) -> None:
    product, test = world.product, world.product.keys["testKey"]
    ids = {key: product.send(key, to="apart@x.test", **CODE)["id"] for key in (product.keys["liveKey"], test)}
    for key, message in ids.items():
        product.wait(message, "delivered", key=key)
        [other] = [each for each in ids.values() if each != message]
        assert product.ask("GET", f"/v1/messages/{other}", key=key)[0] == 404
        assert product.ask("GET", f"/v1/messages/{other}/raw", key=key)[0] == 404
        shown = {each["id"] for each in product.ask("GET", "/v1/messages?recipient=apart@x.test", key=key)[1]["data"]}
        assert shown == {message}
    assert product.ask("GET", "/v1/inbox?to=apart@x.test")[1]["data"] == []


def test_waiting_for_a_mail_that_does_not_come_answers_empty(world: World) -> None:
    key = world.product.keys["testKey"]
    assert world.product.ask("GET", "/v1/inbox?to=nobody@x.test&wait=1", key=key) == (200, {"data": [], "nextCursor": None})
