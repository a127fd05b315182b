"""Encrypted, in clear, or not at all: what each policy does with each way in which TLS goes wrong (F-25, S-07)."""

import ssl
from pathlib import Path
from typing import Final

import pytest

from posthouse.model.outcome import AttemptStage, Deferred, Delivered, Reason, Refused
from posthouse.testing.certificates import certificate
from posthouse.testing.clock import FakeClock
from posthouse.testing.fake_mx import Behaviour, FakeMx
from tests.support.carrying import LONG, host, limits_for, parcel, relay, world

ZONE: Final = {"x.test": {"MX": ["10 mx.test."]}, **host("mx.test")}
OFFER: Final = Behaviour(starttls="offer")
BROKEN: Final = ["off", "454", "stall", "drop", "inject"]


def mail_in_clear(mx: FakeMx) -> list[bytes]:
    return [line for encrypted, line in mx.commands if not encrypted and line[:4] in (b"MAIL", b"RCPT", b"AUTH")]


async def test_an_opportunistic_session_is_encrypted_whoever_signed_the_certificate(tmp_path: Path) -> None:
    server = certificate(tmp_path, "somebody.else", expired=True).server
    async with FakeMx(OFFER, context=server) as mx, world(ZONE, mx.port) as (straight, _):
        attempt = await straight.send(parcel())
    assert isinstance(attempt.outcome, Delivered)
    assert attempt.tls.startswith("TLSv1.3 TLS_")
    assert (mx.ledger[0].tls, mail_in_clear(mx)) == ("TLSv1.3", [])


@pytest.mark.parametrize("starttls", BROKEN)
async def test_where_tls_fails_an_opportunistic_session_is_begun_anew_in_clear(tmp_path: Path, starttls: str) -> None:
    server = certificate(tmp_path, "mx.test").server
    clock = FakeClock()
    behaviour = Behaviour(starttls=starttls)
    async with FakeMx(behaviour, context=server) as mx, world(ZONE, mx.port, limits_for(starttls), clock=clock) as (straight, _):
        attempt = await straight.send(parcel())
        assert attempt.tls == ""
        if starttls == "inject":  # somebody is on the line: no second, unencrypted chance
            assert (type(attempt.outcome), attempt.outcome.diagnosis.reason) == (Deferred, Reason.PROTOCOL_ERROR)
            assert mx.ledger == []
            return
        assert isinstance(attempt.outcome, Delivered)
        assert mx.counts["connections"] == (1 if starttls in ("off", "454") else 2)


async def test_a_failed_handshake_is_remembered_for_half_an_hour(tmp_path: Path) -> None:
    server, clock = certificate(tmp_path, "mx.test").server, FakeClock()
    async with (
        FakeMx(Behaviour(starttls="drop"), context=server) as mx,
        world(ZONE, mx.port, clock=clock) as (straight, _),
    ):
        for _ in range(2):  # the second one finds the host remembered, in a new connection
            assert isinstance((await straight.send(parcel("f+after+close@x.test"))).outcome, Delivered)
        asked = [line for _, line in mx.commands].count(b"STARTTLS")
        mx.behaviour = OFFER
        clock.advance(LONG * 3 * 31)
        assert (await straight.send(parcel())).tls
    assert asked == 1


@pytest.mark.parametrize("starttls", BROKEN)
async def test_required_encryption_never_sends_mail_in_clear(tmp_path: Path, starttls: str) -> None:
    made = certificate(tmp_path, "mx.test", "127.0.0.1")
    async with FakeMx(Behaviour(starttls=starttls), context=made.server) as mx:
        async with world(ZONE, mx.port, limits_for(starttls), authorities=made.authority) as (straight, _):
            deferred = (await straight.send(parcel(tls=True))).outcome
        async with relay(mx, limits_for(starttls), authorities=made.authority, target={"tls": "required"}) as smarthost:
            refused = (await smarthost.send(parcel())).outcome
    reason = Reason.PROTOCOL_ERROR if starttls == "inject" else Reason.TLS_FAILED
    found = [(type(outcome), outcome.diagnosis.reason) for outcome in (deferred, refused)]
    if starttls == "stall":
        assert {outcome.diagnosis.stage for outcome in (deferred, refused)} == {AttemptStage.TLS}
    else:
        assert found == [(Deferred, reason), (Refused, reason)]
    assert (mail_in_clear(mx), mx.ledger) == ([], [])


@pytest.mark.parametrize(
    ("name", "expired", "known"), [("mx.test", True, True), ("other.test", False, True), ("mx.test", False, False)]
)
async def test_required_encryption_wants_the_right_certificate(tmp_path: Path, *, name: str, expired: bool, known: bool) -> None:
    made = certificate(tmp_path, name, expired=expired)
    authorities = made.authority if known else certificate(tmp_path, "unrelated").authority
    async with FakeMx(OFFER, context=made.server) as mx, world(ZONE, mx.port, authorities=authorities) as (straight, _):
        found = (await straight.send(parcel(tls=True))).outcome
    assert (type(found), found.diagnosis.reason) == (Deferred, Reason.TLS_FAILED)
    assert "certificate" in found.diagnosis.reply
    assert (mail_in_clear(mx), mx.ledger) == ([], [])


async def test_required_encryption_delivers_where_the_certificate_is_right(tmp_path: Path) -> None:
    made = certificate(tmp_path, "mx.test")
    async with FakeMx(OFFER, context=made.server) as mx, world(ZONE, mx.port, authorities=made.authority) as (straight, _):
        assert isinstance((await straight.send(parcel())).outcome, Delivered)
        attempt = await straight.send(parcel(tls=True))
    assert isinstance(attempt.outcome, Delivered)
    assert mx.counts["connections"] == 2  # the unchecked session is not good enough for it


async def test_tls_below_1_2_is_no_tls(tmp_path: Path) -> None:
    server = certificate(tmp_path, "mx.test").server
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        server.minimum_version = server.maximum_version = ssl.TLSVersion.TLSv1_1
    async with FakeMx(OFFER, context=server) as mx, world(ZONE, mx.port) as (straight, _):
        assert isinstance((await straight.send(parcel(tls=True))).outcome, Deferred)
        assert (await straight.send(parcel())).tls == ""


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_a_relay_is_logged_in_to_over_a_checked_session(tmp_path: Path, mechanism: str) -> None:
    made = certificate(tmp_path, "127.0.0.1")
    behaviour = Behaviour(starttls="offer", auth={"user": "päss"}, mechanisms=(mechanism,))
    login = {"username": "user", "password": "päss", "tls": "required"}
    async with FakeMx(behaviour, context=made.server) as mx, relay(mx, authorities=made.authority, target=login) as smarthost:
        attempt = await smarthost.send(parcel())
    assert isinstance(attempt.outcome, Delivered)
    assert not attempt.outcome.final
    assert mail_in_clear(mx) == []


async def test_a_wrong_password_is_refused_so_that_another_route_may_be_tried() -> None:
    async with (
        FakeMx(Behaviour(auth={"user": "right"})) as mx,
        relay(mx, target={"username": "user", "password": "wrong"}) as smarthost,
    ):
        found = (await smarthost.send(parcel())).outcome
    assert (type(found), found.diagnosis.reason, found.diagnosis.stage) == (Refused, Reason.AUTH_FAILED, AttemptStage.AUTH)
    assert "wrong" not in str(found).lower().replace("535 5.7.8 wrong", "")


async def test_a_relay_without_login_is_not_used_where_one_is_configured() -> None:
    async with FakeMx() as mx, relay(mx, target={"username": "user", "password": "p"}) as smarthost:
        found = (await smarthost.send(parcel())).outcome
    assert (type(found), found.diagnosis.reason) == (Refused, Reason.AUTH_FAILED)
    assert mx.ledger == []


async def test_implicit_tls_is_encrypted_from_the_first_byte(tmp_path: Path) -> None:
    made, implicit = certificate(tmp_path, "127.0.0.1"), {"implicit_tls": True, "tls": "required"}
    async with FakeMx(context=made.server, implicit_tls=True) as mx:
        async with relay(mx, authorities=made.authority, target=implicit) as smarthost:
            good = await smarthost.send(parcel())
        async with relay(mx, target=implicit) as smarthost:
            bad = (await smarthost.send(parcel())).outcome
    assert isinstance(good.outcome, Delivered)
    assert good.tls.startswith("TLSv1.3")
    assert (type(bad), bad.diagnosis.reason) == (Refused, Reason.TLS_FAILED)


async def test_tls_may_be_turned_off() -> None:
    async with FakeMx(OFFER) as mx, relay(mx, target={"tls": "off"}) as smarthost:
        assert isinstance((await smarthost.send(parcel())).outcome, Delivered)
    assert b"STARTTLS" not in [line for _, line in mx.commands]
