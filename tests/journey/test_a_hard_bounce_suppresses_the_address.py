"""A mailbox that does not exist is on the list at once, with its evidence; the next send is answered so, and what is queued
stops.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from tests.journey.conftest import World
from tests.support.mailer import SENDER
from tests.support.peers import arrived
from tests.support.timelines import delivery, states

GONE = "f+rcpt+550+5-1-1+never@x.test"
SAID = {"from": SENDER, "subject": "Hello", "text": "Hello.\n"}


def test_the_next_send_is_answered_with_the_evidence_until_it_is_lifted(world: World) -> None:
    product = world.product
    first = product.wait(product.send(to=GONE, **SAID)["id"], "bounced")
    assert first["events"][-1]["data"]["suppressed"] is True
    answer = product.send(to=[GONE.upper().replace("X.TEST", "x.test"), "beside-gone@x.test"], **SAID)
    assert [(each["status"], each["reason"]) for each in answer["deliveries"]] == [
        ("suppressed", "hard_bounce"),
        ("queued", None),
    ]
    [entry] = product.ask("GET", f"/v1/suppressions?address={quote(GONE)}")[1]["data"]
    assert any(entry["id"] in warning["message"] for warning in answer["warnings"])
    detail = product.ask("GET", f"/v1/suppressions/{entry['id']}")[1]
    assert (detail["address"], detail["evidence"]["message"], detail["evidence"]["replyCode"]) == (GONE, first["id"], 550)
    assert product.ask("POST", f"/v1/suppressions/{entry['id']}/lift", {"reason": "they moved back"})[0] == 200
    assert product.send(to=GONE, **SAID)["status"] == "queued"


def test_what_was_accepted_before_the_entry_ends_suppressed_without_an_attempt(world: World) -> None:
    product, to = world.product, "leaver@x.test"
    later = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    waiting = product.send(to=to, sendAt=later, **SAID)
    assert product.ask("POST", "/v1/suppressions", {"address": to, "reason": "left the company"})[0] == 201
    view = product.wait(waiting["id"], "suppressed")
    assert (states(view), delivery(view)["attempts"], delivery(view)["reason"]) == (["queued", "suppressed"], [], "manual")
    alert = product.send(to=to, type="security_alert", **SAID)
    product.wait(alert["id"], "delivered")
    assert arrived(world.mx, to)
