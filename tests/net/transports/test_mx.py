"""The way to a domain: which host, in which order, and when it is believed that there is none (F-16)."""

from datetime import timedelta
from typing import Final

import pytest

from posthouse.model.outcome import AttemptStage, Bounced, Deferred, Delivered, Reason
from posthouse.net.transports.mx import SECOND_LOOK, MissingDomains
from posthouse.testing.clock import FakeClock
from posthouse.testing.fake_dns import Zone
from posthouse.testing.fake_mx import Behaviour, FakeMx
from tests.support.carrying import host, limits_for, parcel, world

TWO: Final[Zone] = {
    "x.test": {"MX": ["10 first.test.", "20 second.test."]},
    **host("first.test", "127.0.0.2"),
    **host("second.test"),
}


@pytest.mark.parametrize("greet", ["421", "450", "554", "junk", "http", "close", "silent"])
async def test_trouble_with_one_host_is_the_next_hosts_mail(greet: str) -> None:
    async with FakeMx() as second:
        first = FakeMx(Behaviour(greet=greet))
        await first.start("127.0.0.2", second.port)
        async with world(TWO, second.port, limits_for(greet)) as (straight, _):
            attempt = await straight.send(parcel())
        await first.stop()
    assert isinstance(attempt.outcome, Delivered)
    assert attempt.host == "second.test[127.0.0.1]"
    assert first.counts["connections"] + first.counts["turned_away"] == 1


@pytest.mark.parametrize("fault", ["mail+421", "rcpt+close", "rcpt+hang", "data+junk", "data+rst", "mail+600"])
async def test_a_host_that_fails_before_the_body_hands_the_mail_to_the_next(fault: str) -> None:
    async with FakeMx() as first:
        second = FakeMx()
        zone: Zone = {
            "x.test": {"MX": ["10 first.test.", "20 second.test."]},
            **host("first.test"),
            **host("second.test", "127.0.0.2"),
        }
        await second.start("127.0.0.2", first.port)
        second_heard = second.commands
        async with world(zone, first.port, limits_for(fault)) as (straight, _):
            attempt = await straight.send(parcel(f"f+{fault}@x.test"))
        await second.stop()
    assert isinstance(attempt.outcome, Deferred)  # the fault is the recipient's, so the second host has it too
    assert any(line.startswith(b"MAIL") for _, line in second_heard)
    assert (first.ledger, second.ledger) == ([], [])


async def test_a_hosts_answer_about_the_recipient_is_not_taken_to_the_next() -> None:
    async with FakeMx() as second:
        first = FakeMx()
        await first.start("127.0.0.2", second.port)
        async with world(TWO, second.port) as (straight, _):
            attempt = await straight.send(parcel("f+rcpt+grey+60@x.test"))
        await first.stop()
    assert attempt.outcome.diagnosis.reason is Reason.GREYLISTED
    assert second.counts["connections"] == 0


async def test_all_addresses_of_a_host_are_tried() -> None:
    async with FakeMx() as mx:
        zone: Zone = {"x.test": {"MX": ["10 mx.test."]}, **host("mx.test", "127.0.0.2", "127.0.0.3", "127.0.0.1")}
        async with world(zone, mx.port) as (straight, _):
            assert isinstance((await straight.send(parcel())).outcome, Delivered)


async def test_hosts_of_one_preference_are_shuffled_and_preferences_kept() -> None:
    zone: Zone = {"x.test": {"MX": ["5 z.test.", *(f"10 h{number}.test." for number in range(8))]}}
    zone |= {name: {"A": ["127.0.0.1"]} for name in ("z.test", *(f"h{number}.test" for number in range(8)))}
    async with world(zone, 1) as (straight, _):
        orders = set()
        for _ in range(20):
            found = await straight._find("x.test")
            assert isinstance(found, tuple)
            assert found[0].host == "z.test"
            orders.add(tuple(candidate.host for candidate in found))
    assert len(orders) > 1


async def test_without_an_mx_the_domain_itself_is_asked() -> None:
    async with FakeMx() as mx, world(host("x.test"), mx.port) as (straight, _):
        assert isinstance((await straight.send(parcel())).outcome, Delivered)


async def test_the_implicit_host_is_never_asked_beside_an_mx() -> None:
    async with FakeMx() as mx, world({"x.test": {"MX": ["10 gone.test."], "A": ["127.0.0.1"]}}, mx.port) as (straight, _):
        found = (await straight.send(parcel())).outcome
    assert (type(found), found.diagnosis.reason) == (Deferred, Reason.DNS_FAILED)
    assert mx.counts["connections"] == 0


@pytest.mark.parametrize(
    ("domain", "reason", "code"),
    [
        ("nowhere.test", Reason.UNKNOWN_DOMAIN, "5.1.2"),
        ("null.test", Reason.NO_MAIL_DOMAIN, "5.1.10"),
        ("bare.test", Reason.NO_MAIL_DOMAIN, "5.1.10"),
    ],
)
async def test_a_missing_domain_bounces_at_the_second_look_and_not_before(domain: str, reason: Reason, code: str) -> None:
    clock = FakeClock()
    async with world({"null.test": {"MX": ["0 ."]}, "bare.test": {"TXT": ["x"]}}, 1, clock=clock) as (straight, _):
        first = (await straight.send(parcel(f"a@{domain}"))).outcome
        clock.advance(timedelta(minutes=10))
        early = (await straight.send(parcel(f"b@{domain}"))).outcome
        clock.advance(timedelta(minutes=5))
        second = (await straight.send(parcel(f"a@{domain}"))).outcome
    assert isinstance(first, Deferred)
    assert isinstance(early, Deferred)
    assert (first.wait, early.wait) == (SECOND_LOOK, timedelta(minutes=5))
    assert (type(second), second.diagnosis.reason, second.diagnosis.enhanced_code) == (Bounced, reason, code)
    assert second.diagnosis.stage is AttemptStage.RESOLVE


async def test_a_domain_that_comes_back_is_a_first_look_again() -> None:
    clock = FakeClock()
    async with FakeMx() as mx, world({}, mx.port, clock=clock) as (straight, dns):
        assert isinstance((await straight.send(parcel())).outcome, Deferred)
        dns.zone.update(host("x.test"))
        clock.advance(timedelta(minutes=16))
        assert isinstance((await straight.send(parcel("f+after+close@x.test"))).outcome, Delivered)
        dns.zone.clear()
        clock.advance(timedelta(minutes=16))
        found = (await straight.send(parcel())).outcome
    assert isinstance(found, Deferred)
    assert found.wait == SECOND_LOOK


@pytest.mark.parametrize("domain", ["again.dns", "fail.dns", "silent.dns", "junk.dns"])
async def test_dns_trouble_is_never_a_bounce_however_often_it_is_seen(domain: str) -> None:
    clock = FakeClock()
    async with world({}, 1, clock=clock) as (straight, _):
        for _ in range(2):
            found = (await straight.send(parcel(f"a@{domain}"))).outcome
            assert (type(found), found.diagnosis.reason) == (Deferred, Reason.DNS_FAILED)
            clock.advance(timedelta(hours=1))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"])
async def test_an_mx_on_a_private_address_is_refused_and_named(address: str) -> None:
    zone: Zone = {"x.test": {"MX": ["10 mx.test."]}, **host("mx.test", address)}
    async with FakeMx() as mx, world(zone, mx.port, private=False) as (straight, _):
        for domain in ("x.test", f"[{address}]"):
            found = (await straight.send(parcel(f"a@{domain}"))).outcome
            assert isinstance(found, Deferred)
            assert address in found.diagnosis.reply
            assert "private" in found.diagnosis.reply
    assert mx.counts["connections"] == 0


async def test_an_address_literal_is_where_it_says() -> None:
    async with FakeMx() as mx, world({}, mx.port) as (straight, dns):
        assert isinstance((await straight.send(parcel("a@[127.0.0.1]"))).outcome, Delivered)
    assert dns.questions == []


async def test_names_differ_not_by_case() -> None:
    async with FakeMx() as mx, world(host("x.test"), mx.port) as (straight, _):
        for recipient in ("a@x.test", "a@X.TEST"):
            assert isinstance((await straight.send(parcel(recipient))).outcome, Delivered)
    assert mx.counts["connections"] == 1


def test_first_looks_are_bounded_and_go_stale() -> None:
    looks = MissingDomains()
    assert looks.record("a.test", Reason.UNKNOWN_DOMAIN, 0.0) == SECOND_LOOK
    assert looks.record("a.test", Reason.NO_MAIL_DOMAIN, 1000.0) == SECOND_LOOK  # another answer is another first look
    assert looks.record("a.test", Reason.NO_MAIL_DOMAIN, 1900.0) is None
    assert looks.record("a.test", Reason.NO_MAIL_DOMAIN, 1000.0 + 86_401.0) == SECOND_LOOK
    for number in range(20_000):
        looks.record(f"{number}.test", Reason.UNKNOWN_DOMAIN, 0.0)
    assert len(looks._seen) <= 10_000
