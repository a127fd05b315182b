"""The magic recipients of `simulator.test` do as their names say, whatever the key, also with a label (X2)."""

import time
from typing import NamedTuple

import pytest

from tests.journey.conftest import Home, World
from tests.support.mailer import SENDER
from tests.support.timelines import View, delivery, look, states


class Act(NamedTuple):
    """What a recipient comes to, at ``status``."""

    local: str
    status: str
    events: list[str]
    reason: str
    code: int | None


ACTS = [
    Act("delivered", "delivered", ["queued", "delivered"], "accepted", 250),
    Act("bounced", "bounced", ["queued", "bounced"], "unknown_recipient", 550),
    Act("soft-bounced", "bounced", ["queued", "bounced"], "mailbox_full", 552),
    Act("suppressed", "suppressed", ["suppressed"], "simulated", None),
]


def sent(world: World, to: str, *until: str, key: str | None = None) -> View:
    answer = world.product.send(key, to=to, **{"from": SENDER}, subject="Hi", text="Hi.\n", type="password_reset")
    return world.product.wait(answer["id"], *until, key=key)


@pytest.mark.parametrize("label", ["", "+label"])
@pytest.mark.parametrize("environment", ["liveKey", "testKey"])
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.local)
def test_a_recipient_does_as_its_name_says(world: World, act: Act, environment: str, label: str) -> None:
    view = sent(world, f"{act.local}{label}@simulator.test", act.status, key=world.product.keys[environment])
    assert states(view) == act.events
    only = delivery(view)
    assert (only["status"], only["reason"]) == (act.status, act.reason)
    assert [attempt["replyCode"] for attempt in only["attempts"]] == ([act.code] if act.code else [])


def test_complained_is_delivered_and_then_complained_of(world: World) -> None:
    view = sent(world, "complained@simulator.test", "delivered")
    give_up = time.monotonic() + 5
    while "complained" not in states(view) and time.monotonic() < give_up:
        view = look(world.product, view["id"])
    assert states(view) == ["queued", "delivered", "complained"]


def test_deferred_comes_through_at_the_second_try(world: World) -> None:
    view = sent(world, "deferred@simulator.test", "delivered")
    assert states(view) == ["queued", "deferred", "delivered"]
    assert [attempt["outcome"] for attempt in delivery(view)["attempts"]] == ["deferred", "delivered"]


@pytest.mark.slow
def test_slow_takes_its_time_and_holds_nobody_up(world: World) -> None:
    slow = world.product.send(to="slow@simulator.test", **{"from": SENDER}, subject="Hi", text="Hi.\n", type="password_reset")
    quick = sent(world, "delivered@simulator.test", "delivered")
    assert world.product.ask("GET", f"/v1/messages/{slow['id']}")[1]["status"] == "queued"
    view = world.product.wait(slow["id"], "delivered")
    assert delivery(view)["latencySeconds"] > 5 > delivery(quick)["latencySeconds"]


def test_nobody_else_lives_there(world: World) -> None:
    fields = {"to": "somebody@simulator.test", "from": SENDER, "subject": "Hi", "text": "Hi.\n"}
    status, refused = world.product.ask("POST", "/v1/send", fields)
    assert (status, [error["path"] for error in refused["errors"]]) == (422, ["to"])
    assert "soft-bounced@simulator.test" in refused["errors"][0]["message"]


def test_a_soft_bounce_is_told_apart_from_a_hard_one(world: World) -> None:
    kinds = [
        sent(world, f"{local}@simulator.test", "bounced")["events"][-1]["data"]["kind"] for local in ("bounced", "soft-bounced")
    ]
    assert kinds == ["hard", "soft"]


def test_what_the_simulator_took_is_in_the_inbox(home: Home) -> None:
    answer = home.product.send(to="delivered+kept@simulator.test", **{"from": SENDER}, subject="Kept", text="Kept.\n")
    home.product.wait(answer["id"], "delivered")
    status, page = home.product.ask("GET", "/v1/inbox?to=delivered%2Bkept@simulator.test&wait=5")
    assert (status, [item["messageId"] for item in page["data"]]) == (200, [answer["id"]])
