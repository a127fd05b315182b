"""Open relay and logins in the clear (S-08): without a login nobody is written to, in no form of address."""

import pytest

from posthouse.model.send_request import Rejection
from tests.support.smtp_door import MESSAGE, connected, open_door
from tests.support.smtp_talk import HELLO, LOGIN, Talk

FORMS = [
    b"<victim@elsewhere.example>",
    b"<victim%elsewhere.example@mail.example>",
    b"<@mail.example:victim@elsewhere.example>",
    b'<"victim@elsewhere.example"@mail.example>',
    b"<elsewhere.example!victim@mail.example>",
    b"<victim@elsewhere.example@mail.example>",
    b"<victim@[192.0.2.1]>",
    b"<victim@localhost>",
    b"<postmaster>",
    b"<>",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sender", [b"<>", b"<shop@shop.example>", b"<root@localhost>"])
@pytest.mark.parametrize("tls", [True, False])
def test_nobody_relays_without_a_login(form: bytes, sender: bytes, tls: bool) -> None:
    talk = Talk(tls=tls)
    replies = talk.feed(HELLO + b"MAIL FROM:" + sender + b"\r\nRCPT TO:" + form + b"\r\nDATA\r\n.\r\n").splitlines()
    refusals = [line for line in replies if line[:1] in b"45"]
    assert [line[:9] for line in refusals[:3]] == [b"530 5.7.0"] * 3
    assert talk.messages == []


def test_a_login_without_tls_from_elsewhere_is_refused_before_the_password_is_asked_for() -> None:
    talk = Talk(loopback=False)
    assert b"AUTH" not in talk.feed(HELLO)
    for line in (LOGIN, b"AUTH LOGIN\r\n", b"AUTH PLAIN\r\n", b"AUTH CRAM-MD5\r\n"):
        assert talk.feed(line).startswith(b"538 5.7.11 ")


def test_without_a_certificate_a_stranger_from_elsewhere_can_do_nothing() -> None:
    talk = Talk(loopback=False, starttls=False)
    replies = talk.feed(HELLO + b"STARTTLS\r\n" + LOGIN + b"MAIL FROM:<>\r\n").splitlines()
    assert [line[:3] for line in replies[-3:]] == [b"502", b"538", b"530"]


def test_a_wrong_login_opens_nothing() -> None:
    talk = Talk()
    assert b"530 5.7.0" in talk.feed(HELLO + b"AUTH PLAIN AHVzZXIAd3Jvbmc=\r\nMAIL FROM:<>\r\n")


async def test_a_sender_that_is_not_verified_is_refused_with_the_rule() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        door.notebook.rejection = Rejection("domain_not_verified", "bank.example is not a verified domain of yours")
        begun = b"MAIL FROM:<shop@shop.example>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\n"
        reply = (await wire.say(begun + b"From: ceo@bank.example\r\n\r\n.\r\n", 4)).splitlines()[-1]
        assert reply == b"550 5.7.1 bank.example is not a verified domain of yours"


@pytest.mark.parametrize(
    "head",
    [
        b"From: a@shop.example, ceo@bank.example\r\n",
        b"From: a@shop.example\r\nFrom: ceo@bank.example\r\n",
        b"From: \r\n",
        b"From: group: a@shop.example;\r\n",
        b"From: a@shop.example <ceo@bank.example>\r\n",
        b"Sender: a@shop.example\r\n",
    ],
)
async def test_an_author_that_could_be_read_in_two_ways_is_refused(head: bytes) -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        begun = b"MAIL FROM:<shop@shop.example>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\n"
        reply = (await wire.say(begun + head + b"\r\n" + MESSAGE.partition(b"\r\n\r\n")[2] + b".\r\n", 4)).splitlines()[-1]
        assert reply[:1] == b"5"
        assert door.requests == []
