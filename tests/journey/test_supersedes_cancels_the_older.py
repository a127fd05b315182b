"""A newer message with the same `supersedes` cancels the older one, if that was not attempted; only then, and only if asked
to.
"""

from tests.journey.conftest import World
from tests.support.mailer import SENDER
from tests.support.peers import arrived, taken
from tests.support.timelines import look, states

LATER = "2026-12-24T18:00:00Z"


def code(world: World, to: str, text: str, **more: str) -> str:
    answer = world.product.send(to=to, **{"from": SENDER}, subject="Code", text=f"{text}\n", type="two_factor_code", **more)
    return str(answer["id"])


def test_an_older_code_that_waits_is_cancelled_by_the_newer(world: World) -> None:
    to = "newer@x.test"
    older = code(world, to, "111111", supersedes="code:newer", sendAt=LATER)
    newer = code(world, to, "222222", supersedes="code:newer")
    world.product.wait(newer, "delivered")
    view = look(world.product, older)
    assert (view["status"], states(view)) == ("cancelled", ["queued", "cancelled"])
    assert b"222222" in arrived(world.mx, to).data


def test_a_code_that_has_left_stays_delivered(world: World) -> None:
    to = "left@x.test"
    older = code(world, to, "1", supersedes="code:left")
    world.product.wait(older, "delivered")
    newer = code(world, to, "2", supersedes="code:left")
    world.product.wait(newer, "delivered")
    assert look(world.product, older)["status"] == "delivered"
    assert len(taken(world.mx, to)) == 2


def test_another_value_and_no_value_supersede_nothing(world: World) -> None:
    older = code(world, "other@x.test", "1", supersedes="code:a", sendAt=LATER)
    code(world, "other@x.test", "2", supersedes="code:b")
    code(world, "other@x.test", "3")
    assert look(world.product, older)["status"] == "queued"


def test_three_resets_in_an_hour_all_go(world: World) -> None:
    to = "three@x.test"
    ids = [code(world, to, str(number)) for number in range(3)]
    for message in ids:
        world.product.wait(message, "delivered")
    assert len(taken(world.mx, to)) == 3
