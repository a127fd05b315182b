"""Mail for later waits: `sendAt` in the body or X-Posthouse-Send-At in the header, to the moment (I3)."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.journey.conftest import World
from tests.support.mailer import SENDER, letter, submit
from tests.support.peers import arrived, taken
from tests.support.timelines import delivery, look, states


def in_seconds(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


@pytest.mark.parametrize("door", ["http", "smtp"])
def test_it_leaves_when_it_is_due_and_not_before(world: World, door: str) -> None:
    to, due = f"later-{door}@x.test", in_seconds(2.0)
    if door == "http":
        sent = world.product.send(to=to, **{"from": SENDER}, subject="Later", text="Now.\n", type="password_reset", sendAt=due)
        message = sent["id"]
    else:
        message = submit(world.product, letter(to, send_at=due, type="password_reset"), to).message
    view = look(world.product, message)
    assert (view["status"], delivery(view)["attempts"], states(view)) == ("queued", [], ["queued"])
    assert taken(world.mx, to) == []
    view = world.product.wait(message, "delivered")
    entry = arrived(world.mx, to)
    assert datetime.fromtimestamp(entry.at, UTC) >= datetime.fromisoformat(due) - timedelta(milliseconds=50)
    assert delivery(view)["latencySeconds"] < 1.9  # measured from when it was due, not from when it was asked for


def test_the_first_attempt_gives_the_date(world: World) -> None:
    to, due = "dated@x.test", in_seconds(1.5)
    sent = world.product.send(to=to, **{"from": SENDER}, subject="Later", text="Now.\n", type="password_reset", sendAt=due)
    time.sleep(0.5)
    world.product.wait(sent["id"], "delivered")
    [line] = [line for line in arrived(world.mx, to).data.split(b"\r\n") if line.startswith(b"Date: ")]
    dated = datetime.strptime(line.decode(), "Date: %a, %d %b %Y %H:%M:%S %z")
    assert dated >= datetime.fromisoformat(due).replace(microsecond=0)


def test_ninety_days_are_the_furthest(world: World) -> None:
    asked = {"to": "far@x.test", "from": SENDER, "subject": "Far", "text": "Far.\n"}
    status, problem = world.product.ask("POST", "/v1/send", asked | {"sendAt": in_seconds(91 * 86_400)})
    assert (status, problem["errors"][0]["path"]) == (422, "sendAt")
    status, _ = world.product.ask("POST", "/v1/send?dryRun=true", asked | {"sendAt": in_seconds(89 * 86_400)})
    assert status == 202
