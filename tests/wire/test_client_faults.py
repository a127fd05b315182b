"""Our client against a server that does everything wrong: each fault at each stage, by relay and by MX."""

import asyncio
import itertools
from pathlib import Path
from typing import Final

import pytest

from posthouse.model.outcome import AttemptStage, Bounced, Deferred, Delivered, InDoubt, Outcome, Reason, Refused, Withheld
from posthouse.testing.clock import FakeClock
from posthouse.testing.fake_mx import Behaviour, FakeMx
from tests.support.carrying import HASTY, LONG, PATIENT, RETURN_PATH, Gate, host, limits_for, parcel, relay, world

R: Final = Reason
ZONE: Final = {"x.test": {"MX": ["10 mx.test."]}, **host("mx.test")}

# fault, what a relay's is, what an MX's is, reason
BEFORE_THE_BODY: Final = [
    (f"f+{stage}+{fault}", Refused, Deferred, reason)
    for stage, (fault, reason) in itertools.product(
        ["mail", "rcpt", "data"],
        [
            ("close", R.CONNECTION_LOST),
            ("rst", R.CONNECTION_LOST),
            ("half", R.CONNECTION_LOST),
            ("hang", R.TIMED_OUT),
            ("421", R.BUSY),
            ("junk", R.PROTOCOL_ERROR),
            ("nul", R.PROTOCOL_ERROR),
            ("nocode", R.PROTOCOL_ERROR),
            ("long+100000", R.PROTOCOL_ERROR),
            ("lines+500", R.PROTOCOL_ERROR),
            ("badmulti", R.PROTOCOL_ERROR),
            ("199", R.PROTOCOL_ERROR),
            ("600", R.PROTOCOL_ERROR),
        ],
    )
]
ANSWERED: Final = [
    ("f+rcpt+450+4-2-2", Deferred, R.MAILBOX_FULL),
    ("f+rcpt+452+4-2-2", Deferred, R.MAILBOX_FULL),
    ("f+rcpt+552+5-2-2", Deferred, R.MAILBOX_FULL),
    ("f+rcpt+552", Deferred, R.MAILBOX_FULL),
    ("f+rcpt+452+4-5-3", Deferred, R.RATE_LIMITED),
    ("f+rcpt+451+4-7-1", Deferred, R.GREYLISTED),
    ("f+rcpt+grey+240", Deferred, R.GREYLISTED),
    ("f+rcpt+550+5-1-1", Bounced, R.UNKNOWN_RECIPIENT),
    ("f+rcpt+550", Bounced, R.UNKNOWN_RECIPIENT),
    ("f+rcpt+550+5-7-1", Bounced, R.POLICY_BLOCKED),
    ("f+rcpt+550+5-7-26", Bounced, R.POLICY_BLOCKED),
    ("f+rcpt+554", Bounced, R.UNKNOWN),
    ("f+rcpt+multi+550", Bounced, R.UNKNOWN),
    ("f+mail+550+5-1-1", Bounced, R.SENDER_REJECTED),
    ("f+mail+451+4-3-0", Deferred, R.BUSY),
    ("f+data+451+4-3-0", Deferred, R.BUSY),
    ("f+data+554+5-7-1", Bounced, R.POLICY_BLOCKED),
    ("f+dot+451+4-3-0", Deferred, R.BUSY),
    ("f+dot+421", Deferred, R.BUSY),
    ("f+dot+accept_4xx", Deferred, R.BUSY),
    ("f+dot+552+5-2-2", Deferred, R.MAILBOX_FULL),
    ("f+dot+552+5-3-4", Bounced, R.TOO_LARGE),
    ("f+dot+554+5-7-1", Bounced, R.POLICY_BLOCKED),
    ("f+dot+slow+50", Delivered, R.ACCEPTED),
    ("f+dot+drip+1", Delivered, R.ACCEPTED),
    ("f+after+close", Delivered, R.ACCEPTED),
    ("f+after+rst", Delivered, R.ACCEPTED),
]
IN_DOUBT: Final = [
    ("f+dot+close", R.CONNECTION_LOST, 0),
    ("f+dot+rst", R.CONNECTION_LOST, 0),
    ("f+dot+half", R.CONNECTION_LOST, 0),
    ("f+dot+hang", R.TIMED_OUT, 0),
    ("f+dot+accept_close", R.CONNECTION_LOST, 1),
    ("f+dot+accept_rst", R.CONNECTION_LOST, 1),
    ("f+dot+accept_hang", R.TIMED_OUT, 1),
    ("f+dot+junk", R.PROTOCOL_ERROR, 0),
    ("f+dot+600", R.PROTOCOL_ERROR, 0),
    ("f+dot+lines+500", R.PROTOCOL_ERROR, 0),
]


@pytest.mark.parametrize(("local", "by_relay", "by_mx", "reason"), BEFORE_THE_BODY)
async def test_trouble_before_the_body_is_refused_by_a_relay_and_deferred_by_a_destination(
    local: str, by_relay: type[Outcome], by_mx: type[Outcome], reason: Reason
) -> None:
    gate, limits = Gate(), limits_for(local)
    async with FakeMx() as mx, relay(mx, limits) as smarthost, world(ZONE, mx.port, limits) as (straight, _):
        found = (await smarthost.send(parcel(f"{local}@x.test", gate=gate))).outcome
        assert (type(found), found.diagnosis.reason) == (by_relay, reason)
        found = (await straight.send(parcel(f"{local}@x.test", gate=gate))).outcome
        assert (type(found), found.diagnosis.reason) == (by_mx, reason)
        assert (await straight.send(parcel("good@x.test"))).outcome.diagnosis.reason is R.ACCEPTED
    assert gate.asked == 0
    assert [entry.recipient for entry in mx.ledger] == [b"good@x.test"]


# Without pipelining the server cannot know the recipient when MAIL comes alone.
@pytest.mark.parametrize(
    ("pipelining", "local", "outcome", "reason"),
    [(True, *row) for row in ANSWERED] + [(False, *row) for row in ANSWERED if not row[0].startswith("f+mail")],
)
async def test_an_answer_is_judged_and_the_next_message_goes_through(
    pipelining: bool, local: str, outcome: type[Outcome], reason: Reason
) -> None:
    async with FakeMx(Behaviour(pipelining=pipelining)) as mx, relay(mx) as smarthost:
        attempt = await smarthost.send(parcel(f"{local}@x.test"))
        assert (type(attempt.outcome), attempt.outcome.diagnosis.reason) == (outcome, reason)
        assert isinstance((await smarthost.send(parcel("good@x.test"))).outcome, Delivered)


@pytest.mark.parametrize(("local", "reason", "taken"), IN_DOUBT)
async def test_silence_after_the_dot_is_doubt_and_nothing_is_sent_twice(local: str, reason: Reason, taken: int) -> None:
    gate = Gate()
    async with FakeMx() as mx, relay(mx, limits_for(local)) as smarthost:
        attempt = await smarthost.send(parcel(f"{local}@x.test", gate=gate))
    assert isinstance(attempt.outcome, InDoubt)
    assert (attempt.outcome.diagnosis.reason, attempt.outcome.diagnosis.stage) == (reason, AttemptStage.DOT)
    assert (gate.asked, len(mx.ledger)) == (1, taken)


@pytest.mark.parametrize("greet", ["421", "450", "554", "junk", "http", "close", "silent", "tarpit:5", "354"])
async def test_a_bad_greeting_is_never_a_bounce(greet: str) -> None:
    limits = limits_for(greet)
    async with (
        FakeMx(Behaviour(greet=greet)) as mx,
        relay(mx, limits) as smarthost,
        world(ZONE, mx.port, limits) as (straight, _),
    ):
        refused = (await smarthost.send(parcel())).outcome
        deferred = (await straight.send(parcel())).outcome
    assert isinstance(refused, Refused)
    assert isinstance(deferred, Deferred)
    assert deferred.counts is (greet != "421")


@pytest.mark.parametrize("hello", ["421", "450", "550"])
async def test_a_bad_answer_to_our_hello_is_never_a_bounce(hello: str) -> None:
    async with FakeMx(Behaviour(hello=hello)) as mx, world(ZONE, mx.port) as (straight, _):
        found = (await straight.send(parcel())).outcome
    assert isinstance(found, Delivered if hello == "550" else Deferred)  # 550 to EHLO: HELO is tried


async def test_a_host_that_is_not_there_is_refused_or_deferred() -> None:
    mx = FakeMx()
    await mx.start()
    await mx.stop()
    async with relay(mx) as smarthost, world(ZONE, mx.port) as (straight, _):
        refused, deferred = (await smarthost.send(parcel())).outcome, (await straight.send(parcel())).outcome
    assert (type(refused), refused.diagnosis.reason) == (Refused, R.CONNECT_FAILED)
    assert (type(deferred), deferred.diagnosis.reason) == (Deferred, R.CONNECT_FAILED)


async def test_greylisting_lets_the_same_pair_through_later() -> None:
    clock = FakeClock()
    async with FakeMx(clock=clock) as mx, world(ZONE, mx.port, clock=clock) as (straight, _):
        first = (await straight.send(parcel("f+rcpt+grey+240@x.test"))).outcome
        clock.advance(LONG * 12)
        second = (await straight.send(parcel("f+rcpt+grey+240@x.test"))).outcome
    assert (type(first), type(second)) == (Deferred, Delivered)
    assert len(mx.ledger) == 1


async def test_a_peer_that_drips_a_byte_at_a_time_does_not_move_the_time_out() -> None:
    async with FakeMx(Behaviour(pipelining=False)) as mx, relay(mx, HASTY) as smarthost:
        found = (await smarthost.send(parcel("f+rcpt+drip+50@x.test"))).outcome
    assert (type(found), found.diagnosis.reason) == (Refused, R.TIMED_OUT)


async def test_a_peer_that_reads_nothing_more_is_cut_off_in_the_body() -> None:
    async with FakeMx() as mx, relay(mx, HASTY) as smarthost:
        found = (await smarthost.send(parcel("f+body+stop@x.test", data=b"x" * 70 + b"\r\n" * 4_000_000))).outcome
    assert (type(found), found.diagnosis.reason, found.diagnosis.stage) == (InDoubt, R.TIMED_OUT, AttemptStage.BODY)


async def test_an_answer_before_the_dot_is_an_answer() -> None:
    async with FakeMx() as mx, relay(mx) as smarthost:
        found = (await smarthost.send(parcel("f+body+early+552@x.test", data=b"x" * 100_000 + b"\r\n"))).outcome
    assert found.diagnosis.reply_code == 552


async def test_a_shut_gate_sends_nothing_of_the_body_and_drops_the_connection() -> None:
    gate = Gate(shut=True)
    async with FakeMx() as mx, relay(mx) as smarthost:
        attempt = await smarthost.send(parcel(gate=gate))
        assert isinstance(attempt.outcome, Withheld)
        assert isinstance((await smarthost.send(parcel("b@x.test"))).outcome, Delivered)
    assert (gate.asked, mx.counts["connections"]) == (1, 2)
    assert [entry.recipient for entry in mx.ledger] == [b"b@x.test"]


async def test_the_body_arrives_byte_for_byte_with_its_envelope() -> None:
    data = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n\xff\r\n\r\n"
    async with FakeMx() as mx, relay(mx) as smarthost:
        await smarthost.send(parcel("a@x.test", data))
    (entry,) = mx.ledger
    assert (entry.sender, entry.recipient, entry.data, entry.tls) == (RETURN_PATH.encode(), b"a@x.test", data, "")
    assert mx.counts["stray_cr_or_lf"] == 0


async def test_message_k_is_what_a_fresh_connection_would_have_sent() -> None:
    recipients = [
        f"{prefix}{number}@x.test" for number in range(10) for prefix in ("ok", "f+rcpt+550+5-1-1+", "f+dot+451+4-3-0+")
    ]
    async with FakeMx() as mx, relay(mx) as smarthost:
        await asyncio.gather(*(smarthost.send(parcel(to, b"To: " + to.encode() + b"\r\n\r\nx\r\n")) for to in recipients))
    assert sorted(entry.recipient for entry in mx.ledger) == sorted(f"ok{number}@x.test".encode() for number in range(10))
    assert all(entry.data == b"To: " + entry.recipient + b"\r\n\r\nx\r\n" for entry in mx.ledger)


async def test_a_poisonous_recipient_costs_its_neighbours_nothing() -> None:
    poison = [f"f+rcpt+{fault}@p{number}.test" for number in range(5) for fault in ("close", "junk", "421")]
    good = [f"good{number}@x.test" for number in range(60)]
    async with FakeMx() as mx, relay(mx) as smarthost:
        attempts = await asyncio.gather(*(smarthost.send(parcel(to)) for to in poison + good))
    outcomes = [type(attempt.outcome) for attempt in attempts]
    assert set(outcomes[: len(poison)]) == {Refused}
    assert set(outcomes[len(poison) :]) == {Delivered}
    assert len(mx.ledger) == len(good)


async def test_what_the_peer_cannot_take_is_bounced_without_asking() -> None:
    async with FakeMx(Behaviour(smtputf8=False, size=1000)) as mx, relay(mx) as smarthost:
        foreign = (await smarthost.send(parcel("用户@x.test"))).outcome
        large = (await smarthost.send(parcel(data=b"x" * 1000 + b"\r\n"))).outcome
        assert isinstance((await smarthost.send(parcel())).outcome, Delivered)
    assert (type(foreign), foreign.diagnosis.enhanced_code) == (Bounced, "5.6.7")
    assert (type(large), large.diagnosis.reason) == (Bounced, R.TOO_LARGE)
    assert not any(b"SMTPUTF8" in line for _, line in mx.commands)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_no_socket_is_left_over_after_every_kind_of_end() -> None:
    before = open_files()
    for greet in ("220", "421", "554", "silent", "junk"):
        async with FakeMx(Behaviour(greet=greet)) as mx, relay(mx, HASTY) as smarthost:
            faults = ("close", "rst", "half", "hang", "junk", "421", "550")
            await asyncio.gather(
                *(smarthost.send(parcel(f"f+{at}+{fault}@x.test")) for at in ("rcpt", "dot") for fault in faults)
            )
    await asyncio.sleep(0)
    assert open_files() <= before + 2


async def test_carrying_that_is_given_up_sends_nothing() -> None:
    gate = Gate()
    async with FakeMx() as mx, relay(mx, PATIENT) as smarthost:
        carrying = asyncio.create_task(smarthost.send(parcel(gate=gate)))
        await asyncio.sleep(0)
        carrying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await carrying
        assert isinstance((await smarthost.send(parcel("b@x.test"))).outcome, Delivered)
    assert (gate.asked, [entry.recipient for entry in mx.ledger]) == (0, [b"b@x.test"])
