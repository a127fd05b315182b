"""What a destination says or does becomes an outcome, a state, a reason and a next step on the timeline (F-02 to F-04, F-17 to
F-26).

By ``mx:``. All misbehaving hosts are written to at once; the tests then read what came of it.
"""

from typing import Any, NamedTuple

import pytest

from posthouse.testing.certificates import certificate
from posthouse.testing.fake_mx import Behaviour, FakeMx
from tests.journey.conftest import World
from tests.support.mailer import SENDER
from tests.support.peers import arrived, taken, until_true
from tests.support.timelines import View, delivery, look, seconds_until, states, told

SETTLED = ("delivered", "bounced", "deferred", "in_doubt", "expired", "failed")


class Row(NamedTuple):
    """What a fault comes to. ``kind``: of the event of a bounce; ``wait``: seconds until the next attempt, at least and at
    most.
    """

    local: str
    state: str
    outcome: str
    reason: str
    code: int | None = None
    enhanced: str | None = None
    kind: str | None = None
    wait: tuple[float, float] | None = None
    domain: str = ""

    @property
    def address(self) -> str:
        """Each at a domain of its own, so that what one session does to another is no part of it."""
        return f"{self.local}@{self.domain or f'row{ROWS.index(self)}.any.test'}"


SOON = (7.5, 14)  # 10 s ± 20 %, and what a busy machine adds
GREY = (59, 80)
ROWS = [
    Row("f+rcpt+451+4-3-0", "deferred", "deferred", "busy", 451, "4.3.0", wait=SOON),
    Row("f+rcpt+450+4-2-0", "deferred", "deferred", "busy", 450, "4.2.0", wait=SOON),
    Row("f+rcpt+450+4-7-1", "deferred", "deferred", "greylisted", 450, "4.7.1", wait=GREY),
    Row("f+rcpt+grey+240", "deferred", "deferred", "greylisted", 450, "4.7.1", wait=GREY),
    Row("f+rcpt+421", "deferred", "deferred", "busy", 421, wait=SOON),
    Row("f+rcpt+452+4-2-2", "deferred", "deferred", "mailbox_full", 452, "4.2.2", wait=SOON),
    Row("f+rcpt+552+5-2-2", "deferred", "deferred", "mailbox_full", 552, "5.2.2", wait=SOON),
    Row("f+rcpt+550+5-1-1", "bounced", "bounced", "unknown_recipient", 550, "5.1.1", kind="hard"),
    Row("f+rcpt+550+5-7-1", "bounced", "bounced", "policy_blocked", 550, "5.7.1", kind="blocked"),
    Row("f+rcpt+multi+550", "bounced", "bounced", "unknown", 550),
    Row("f+dot+552+5-3-4", "bounced", "bounced", "too_large", 552, "5.3.4"),
    Row("f+dot+554+5-7-1", "bounced", "bounced", "policy_blocked", 554, "5.7.1", kind="blocked"),
    Row("f+dot+451+4-3-0", "deferred", "deferred", "busy", 451, "4.3.0", wait=SOON),
    Row("f+dot+accept_4xx", "deferred", "deferred", "busy", 451, "4.3.0", wait=SOON),
    Row("f+rcpt+junk", "deferred", "deferred", "protocol_error", wait=SOON),
    Row("f+rcpt+nocode", "deferred", "deferred", "protocol_error", wait=SOON),
    Row("f+rcpt+lines+500", "deferred", "deferred", "protocol_error", wait=SOON),
    Row("f+rcpt+long+100000", "deferred", "deferred", "protocol_error", wait=SOON),
    Row("f+rcpt+close", "deferred", "deferred", "connection_lost", wait=SOON),
    Row("f+data+rst", "deferred", "deferred", "connection_lost", wait=SOON),
    Row("f+dot+close", "in_doubt", "in_doubt", "connection_lost"),
    Row("f+dot+accept_close", "in_doubt", "in_doubt", "connection_lost"),
    Row("f+dot+accept_rst", "in_doubt", "in_doubt", "connection_lost"),
    Row("f+dot+junk", "in_doubt", "in_doubt", "protocol_error"),
    Row("f+dot+slow+50", "delivered", "delivered", "accepted", 250, "2.0.0"),
    Row("f+dot+drip+1", "delivered", "delivered", "accepted", 250, "2.0.0"),
    Row("f+after+close", "delivered", "delivered", "accepted", 250, "2.0.0"),
    Row("any", "deferred", "deferred", "busy", 554, wait=SOON, domain="greets554.test"),
    Row("any", "deferred", "deferred", "busy", 421, wait=(4.5, 14), domain="greets421.test"),
    Row("any", "deferred", "deferred", "protocol_error", wait=SOON, domain="speaks-http.test"),
    Row("any", "deferred", "deferred", "connection_lost", wait=SOON, domain="hangs-up.test"),
    Row("any", "delivered", "delivered", "accepted", 250, domain="drops-tls.test"),
    Row("any", "delivered", "delivered", "accepted", 250, domain="no-tls-now.test"),
    Row("any", "deferred", "deferred", "unknown_domain", domain="nowhere.test"),
    Row("any", "deferred", "deferred", "dns_failed", wait=SOON, domain="again.dns"),
]
FINAL = ("delivered", "bounced")


class Sent(NamedTuple):
    """Every row's message as it stood after its first attempt; ``waiting``: ids of what takes longer, by name."""

    world: World
    first: dict[Row, View]
    hosts: dict[str, FakeMx]
    waiting: dict[str, str]


@pytest.fixture(scope="module")
def sent(world: World, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    context = certificate(tmp_path_factory.mktemp("tls"), "mx.test").server
    hosts = {
        "greets554.test": world.peers.open("greets554.test", Behaviour(greet="554")),
        "greets421.test": world.peers.open("greets421.test", Behaviour(greet="421")),
        "speaks-http.test": world.peers.open("speaks-http.test", Behaviour(greet="http")),
        "hangs-up.test": world.peers.open("hangs-up.test", Behaviour(greet="close")),
        "drops-tls.test": world.peers.open("drops-tls.test", Behaviour(starttls="drop"), context),
        "no-tls-now.test": world.peers.open("no-tls-now.test", Behaviour(starttls="454"), context),
        "tls.test": world.peers.open("tls.test", Behaviour(starttls="offer"), context),
    }
    waiting = {f"short {n}": write(world, f"f+rcpt+451+{n}@x.test", "magic_link", expiresIn=8) for n in range(2)}
    waiting |= {
        kind: write(world, f"f+dot+accept_close+{kind}@{kind.replace('_', '-')}.any.test", kind)
        for kind in ("password_reset", "receipt")
    }
    ids = {row: write(world, row.address, "transactional") for row in ROWS}
    return Sent(world, {row: world.product.wait(message, *SETTLED) for row, message in ids.items()}, hosts, waiting)


def write(world: World, to: str, kind: str, **more: Any) -> str:
    answer = world.product.send(to=to, **{"from": SENDER}, subject="Hello", text="Hello.\n", type=kind, **more)
    return str(answer["id"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.address)
def test_a_fault_has_its_outcome_reason_and_next_step(sent: Sent, row: Row) -> None:
    view = sent.first[row]
    only = delivery(view)
    attempt = only["attempts"][0]
    assert (only["status"], only["reason"]) == (row.state, row.reason)
    assert (attempt["number"], attempt["outcome"]) == (1, row.outcome)
    assert (attempt["replyCode"], attempt["enhancedCode"]) == (row.code, row.enhanced or attempt["enhancedCode"])
    event = view["events"][1]
    assert event["type"] == f"message.{row.state}"
    assert event["recipient"] == only["recipient"]
    assert event["data"]["reason"] == row.reason
    assert event["data"].get("replyCode") == row.code
    assert event["data"].get("kind", row.kind) == (row.kind or event["data"].get("kind"))
    assert (only["nextAttemptAt"] is None) == (row.state in FINAL)
    if row.wait is not None:
        assert event["data"]["willRetryAt"] == only["nextAttemptAt"]
        assert row.wait[0] <= seconds_until(view, only["nextAttemptAt"]) <= row.wait[1]


def test_the_lines_of_a_reply_are_all_on_the_timeline(sent: Sent) -> None:
    view = next(view for row, view in sent.first.items() if row.local == "f+rcpt+multi+550")
    reply = delivery(view)["attempts"][0]["reply"]
    assert all(words in reply for words in ("550", "first line", "second line", "last line"))
    assert "\n" not in reply


def test_a_name_that_is_not_there_is_looked_at_twice_before_it_bounces(sent: Sent) -> None:
    view = next(view for row, view in sent.first.items() if row.domain == "nowhere.test")
    assert seconds_until(view, delivery(view)["nextAttemptAt"]) >= 15 * 60 * 0.95


def test_what_was_delivered_came_once_though_the_host_hung_up_behind_its_yes(sent: Sent) -> None:
    [to] = [row.address for row in ROWS if row.local == "f+after+close"]
    assert len(taken(sent.world.mx, to)) == 1


def test_a_host_that_breaks_starttls_gets_the_mail_in_the_clear_over_a_new_connection(sent: Sent) -> None:
    for domain in ("drops-tls.test", "no-tls-now.test"):
        assert arrived(sent.hosts[domain], f"any@{domain}").tls == ""
    assert sent.hosts["drops-tls.test"].counts["connections"] >= 2


def test_mail_that_must_be_encrypted_waits_rather_than_cross_in_the_clear(sent: Sent) -> None:
    ids = [write(sent.world, f"must@{domain}", "transactional", tls="required") for domain in ("drops-tls.test", "x.test")]
    for message in ids:
        view = sent.world.product.wait(message, *SETTLED)
        assert (view["status"], delivery(view)["reason"]) == ("deferred", "tls_failed")
    heard = [line for secured, line in sent.hosts["drops-tls.test"].commands if not secured and b"must@" in line]
    assert not heard
    assert not [line for _, line in sent.world.mx.commands if b"must@" in line]


def test_a_host_that_offers_tls_gets_the_mail_encrypted_and_the_timeline_says_so(sent: Sent) -> None:
    view = sent.world.product.wait(write(sent.world, "any@tls.test", "transactional"), "delivered")
    assert arrived(sent.hosts["tls.test"], "any@tls.test").tls.startswith("TLSv1.")
    assert delivery(view)["attempts"][0]["tls"].startswith("TLSv1.")


@pytest.mark.slow
def test_a_421_on_connect_is_no_attempt_of_the_schedule(sent: Sent) -> None:
    host = sent.hosts["greets421.test"]
    message = next(view["id"] for row, view in sent.first.items() if row.domain == "greets421.test")
    until_true(lambda: len(delivery(look(sent.world.product, message))["attempts"]) > 1, "no second attempt", 40)
    host.behaviour = Behaviour()
    view = sent.world.product.wait(message, "delivered")
    assert states(view) == ["queued", "deferred", "delivered"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "copies"), [("password_reset", 2), ("receipt", 1)])
def test_doubt_is_settled_by_the_rule_of_the_type(sent: Sent, kind: str, copies: int) -> None:
    """`again`: once more after 10 s, the same bytes; `hold`: never, but operations are told."""
    world, to = sent.world, f"f+dot+accept_close+{kind}@{kind.replace('_', '-')}.any.test"
    view = world.product.wait(sent.waiting[kind], "in_doubt")
    first = view["events"][1]
    assert (first["type"], first["data"]["reason"]) == ("message.in_doubt", "connection_lost")
    assert ("willRetryAt" in first["data"]) == (copies == 2)
    if copies == 2:
        until_true(lambda: len(taken(world.mx, to)) == copies, "it was not sent again")
        until_true(lambda: len(delivery(look(world.product, view["id"]))["attempts"]) == copies, "its end is not told")
    entries = taken(world.mx, to)
    assert len(entries) == copies
    assert len({(entry.data, entry.sender) for entry in entries}) == 1
    view = look(world.product, view["id"])
    assert (view["status"], delivery(view)["nextAttemptAt"]) == ("in_doubt", None)

    def alerted() -> bool:  # the alert follows the settlement
        alerts = [event for event in told(world.product) if event["type"] == "alert.delivery_failed"]
        return kind in {event["data"]["messageType"] for event in alerts}

    until_true(alerted, "there is no alert")


@pytest.mark.slow
def test_two_of_a_kind_that_end_undelivered_alert_operations_once(sent: Sent) -> None:
    """The schedule is kept meanwhile: 2 s, and a last try before the end; one event for the state, not one per attempt."""
    world = sent.world
    ids = [sent.waiting[f"short {n}"] for n in range(2)]
    views = [world.product.wait(message, "expired") for message in ids]
    for view in views:
        assert states(view) == ["queued", "deferred", "expired"]
        assert len(delivery(view)["attempts"]) >= 2
    alerts = [event for event in told(world.product) if event["type"] == "alert.delivery_failed"]
    mine = [event["data"] for event in alerts if event["data"]["messageType"] == "magic_link"]
    assert len(mine) == 1
    assert (mine[0]["reason"], mine[0]["route"], mine[0]["messageId"] in ids) == ("busy", "mx", True)


def test_who_shares_a_host_with_the_misbehaving_still_gets_the_mail_once(world: World) -> None:
    bad = [write(world, f"f+rcpt+{fault}+{n}@shared.any.test", "receipt") for fault in ("junk", "close") for n in range(5)]
    good = [write(world, f"good{n}@shared.any.test", "password_reset") for n in range(10)]
    for message in good:
        world.product.wait(message, "delivered")
    assert [len(taken(world.mx, f"good{n}@shared.any.test")) for n in range(10)] == [1] * 10
    assert {world.product.wait(message, "deferred")["status"] for message in bad} == {"deferred"}
