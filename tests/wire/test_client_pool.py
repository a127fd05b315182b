"""Connections: how many, for how long, how full, and how they end."""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
import pytest

from posthouse.model.outcome import Deferred, Delivered, InDoubt, Reason, Refused, Withheld
from posthouse.net.smtp.limits import TransportLimits
from posthouse.testing.fake_mx import Behaviour, FakeMx
from tests.support.carrying import LONG, PATIENT, SHORT, Gate, host, parcel, relay, world

ZONE: Final = {"x.test": {"MX": ["10 mx.test."]}, "y.test": {"MX": ["10 mx.test."]}, **host("mx.test")}


def limited(**more: object) -> TransportLimits:
    return msgspec.convert(msgspec.structs.asdict(PATIENT) | more, TransportLimits)


async def test_messages_one_after_the_other_share_one_connection() -> None:
    async with FakeMx() as mx, relay(mx) as smarthost:
        for number in range(50):
            assert isinstance((await smarthost.send(parcel(f"a{number}@x.test"))).outcome, Delivered)
    assert mx.counts["connections"] == 1
    assert mx.counts["quits"] == 1


async def test_many_at_once_share_as_many_connections_as_are_allowed() -> None:
    async with FakeMx() as mx, relay(mx, limited(connections=3)) as smarthost:
        attempts = await asyncio.gather(*(smarthost.send(parcel(f"a{number}@x.test")) for number in range(300)))
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    assert mx.counts["max_open"] <= 3
    assert len({entry.recipient for entry in mx.ledger}) == len(mx.ledger) == 300


async def test_a_burst_is_met_by_two_connections_at_first() -> None:
    async with FakeMx(Behaviour(greet="tarpit:0.2")) as mx, relay(mx, limited(connections=20)) as smarthost:
        carrying = [asyncio.create_task(smarthost.send(parcel(f"a{number}@x.test"))) for number in range(100)]
        await asyncio.sleep(0.1)
        at_first = mx.counts["connections"]
        await asyncio.gather(*carrying)
    assert at_first == 2
    assert len(mx.ledger) == 100


async def test_a_connection_carries_no_more_than_its_share() -> None:
    async with FakeMx() as mx, relay(mx, limited(connections=1, messages=10)) as smarthost:
        await asyncio.gather(*(smarthost.send(parcel(f"a{number}@x.test")) for number in range(35)))
    assert (len(mx.ledger), mx.counts["connections"], mx.counts["max_open"]) == (35, 4, 1)


async def test_an_idle_connection_is_closed_and_the_next_message_opens_another() -> None:
    async with FakeMx() as mx, relay(mx, limited(idle=timedelta(milliseconds=50))) as smarthost:
        await smarthost.send(parcel())
        for _ in range(100):
            await asyncio.sleep(0.02)
            if mx.counts["quits"]:
                break
        assert isinstance((await smarthost.send(parcel())).outcome, Delivered)
    assert mx.counts["connections"] == 2


@pytest.mark.parametrize("goodbye", ["close", "rst"])
async def test_a_connection_that_the_peer_closed_meanwhile_costs_nothing(goodbye: str) -> None:
    async with FakeMx() as mx, relay(mx) as smarthost:
        for number in range(5):
            attempt = await smarthost.send(parcel(f"f+after+{goodbye}+{number}@x.test"))
            assert isinstance(attempt.outcome, Delivered)
    assert len(mx.ledger) == 5


async def test_a_server_that_takes_three_is_given_three_and_bounces_nothing() -> None:
    async with FakeMx(Behaviour(max_connections=3)) as mx, world(ZONE, mx.port, limited(connections=10)) as (straight, _):
        attempts = await asyncio.gather(*(straight.send(parcel(f"f+dot+slow+5+{number}@x.test")) for number in range(200)))
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    assert 0 < mx.counts["turned_away"] <= 8


async def test_too_many_connections_halves_the_limit_and_good_answers_earn_it_back() -> None:
    async with FakeMx(Behaviour(max_connections=1)) as mx, world(ZONE, mx.port, limited(connections=8)) as (straight, _):
        slow = (straight.send(parcel(f"f+dot+slow+100+{number}@x.test")) for number in range(2))
        attempts = await asyncio.gather(*slow)
        halved = straight.capacity("x.test")
        for number in range(10 * sum(range(1, 8))):
            attempts.append(await straight.send(parcel(f"a{number}@x.test")))
        assert (halved <= 4 * PATIENT.depth, straight.capacity("x.test")) == (True, 8 * PATIENT.depth)
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)


async def test_a_host_that_takes_nobody_now_defers_without_counting_and_pauses_the_destination() -> None:
    async with FakeMx(Behaviour(greet="421")) as mx, world(ZONE, mx.port) as (straight, _):
        attempts = await asyncio.gather(*(straight.send(parcel(f"a{number}@x.test")) for number in range(5)))
        assert (straight.capacity("x.test"), straight.capacity("y.test")) == (0, 4 * PATIENT.depth)
    assert all(isinstance(attempt.outcome, Deferred) and not attempt.outcome.counts for attempt in attempts)


async def test_one_destinations_trouble_is_not_anothers() -> None:
    async with FakeMx() as mx, world(ZONE, mx.port) as (straight, _):
        stuck = [asyncio.create_task(straight.send(parcel(f"f+rcpt+hang+{number}@x.test"))) for number in range(40)]
        attempts = await asyncio.gather(*(straight.send(parcel(f"a{number}@y.test")) for number in range(40)))
        assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
        assert not any(task.done() for task in stuck)
        assert straight.capacity("x.test") == 0
        for task in stuck:
            task.cancel()
        await asyncio.gather(*stuck, return_exceptions=True)


async def test_all_destinations_together_have_a_limit_and_nobody_starves() -> None:
    zone = {f"d{number}.test": {"MX": ["10 mx.test."]} for number in range(12)} | host("mx.test")
    async with FakeMx() as mx, world(zone, mx.port, limited(total=3)) as (straight, _):
        attempts = await asyncio.gather(*(straight.send(parcel(f"a@d{number % 12}.test")) for number in range(60)))
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    assert mx.counts["max_open"] <= 4  # one may still be saying goodbye


async def test_room_is_what_may_start_now() -> None:
    async with FakeMx() as mx, relay(mx, limited(connections=2, depth=3)) as smarthost:
        assert smarthost.capacity("x.test") == 6
        carrying = [asyncio.create_task(smarthost.send(parcel(f"f+rcpt+hang+{number}@x.test"))) for number in range(4)]
        await asyncio.sleep(0.05)
        assert smarthost.capacity("x.test") == 2
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
        assert smarthost.capacity("x.test") == 6


async def test_closing_lets_finish_what_is_under_way_and_withholds_the_rest() -> None:
    gates = [Gate() for _ in range(20)]
    async with FakeMx() as mx, relay(mx, limited(connections=1)) as smarthost:
        recipients = [f"f+dot+slow+100+{number}@x.test" for number in range(20)]
        carrying = [
            asyncio.create_task(smarthost.send(parcel(to, gate=gate))) for to, gate in zip(recipients, gates, strict=True)
        ]
        await mx.wait_for()
        await smarthost.close(LONG)
        attempts = await asyncio.gather(*carrying)
        late = await smarthost.send(parcel())
    delivered = sum(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    assert delivered == len(mx.ledger) == sum(gate.asked for gate in gates) > 0
    assert sum(isinstance(attempt.outcome, Withheld) for attempt in attempts) == 20 - delivered
    assert isinstance(late.outcome, Withheld)


async def test_closing_cuts_off_what_does_not_finish_in_time() -> None:
    async with FakeMx() as mx, relay(mx) as smarthost:
        in_doubt = asyncio.create_task(smarthost.send(parcel("f+dot+accept_hang@x.test")))
        unsent = asyncio.create_task(smarthost.send(parcel("f+rcpt+hang@x.test")))
        await mx.wait_for()
        await smarthost.close(SHORT)
        assert isinstance((await in_doubt).outcome, InDoubt)
        assert isinstance((await unsent).outcome, Withheld)


async def test_closing_does_not_wait_for_a_connection_that_is_only_being_opened() -> None:
    async with FakeMx(Behaviour(greet="silent")) as mx, relay(mx) as smarthost:
        carrying = asyncio.create_task(smarthost.send(parcel()))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            await smarthost.close(LONG)
        assert isinstance((await carrying).outcome, Withheld)


async def test_one_delivery_has_one_budget_however_patient_each_command_is() -> None:
    async with FakeMx(Behaviour(greet="silent")) as mx, relay(mx, limited(session=SHORT)) as smarthost:
        found = (await smarthost.send(parcel())).outcome
    assert (type(found), found.diagnosis.reason) == (Refused, Reason.TIMED_OUT)
    async with FakeMx() as mx, relay(mx, limited(session=SHORT)) as smarthost:
        found = (await smarthost.send(parcel("f+data+hang@x.test"))).outcome
    assert (type(found), found.diagnosis.reason) == (Refused, Reason.TIMED_OUT)
