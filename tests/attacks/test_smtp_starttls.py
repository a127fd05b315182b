"""STARTTLS injection (CVE-2011-0411 and forty more): nothing said in the clear outlives the handshake."""

import asyncio

import pytest

from posthouse.mail.smtp.server.action import CloseSession, SecureServer, WriteReply
from tests.support.certificate import Certificate
from tests.support.smtp_door import MESSAGE, PLAIN, connected, open_door
from tests.support.smtp_talk import HELLO, LOGIN, Talk

INJECTED = b"EHLO evil\r\n" + PLAIN + b"MAIL FROM:<inj@x.example>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n" + MESSAGE + b".\r\n"


async def test_what_is_pipelined_behind_starttls_is_thrown_away_and_the_session_ends(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door, connected(door) as wire:
        replies = await wire.rest(b"EHLO me\r\nSTARTTLS\r\n" + INJECTED)
        assert replies.splitlines()[-1].startswith(b"220 ")
        assert door.requests == []


async def test_what_comes_in_the_clear_before_the_handshake_is_never_obeyed(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door, connected(door) as wire:
        await wire.say(b"EHLO me\r\n")
        wire.writer.write(b"STARTTLS\r\n")
        await asyncio.sleep(0)
        replies = await wire.rest(INJECTED)
        assert b"235 " not in replies
        assert door.requests == []


@pytest.mark.parametrize("octet", [b"\n", b"\0", b"\x16", b"NOOP\r\n"])
def test_no_octet_may_come_between_starttls_and_the_handshake(octet: bytes) -> None:
    talk = Talk()
    talk.feed(HELLO + b"STARTTLS\r\n" + octet)
    assert talk.actions[-3:] == [WriteReply(b"220 2.0.0 Ready to start TLS\r\n"), SecureServer(), CloseSession()]
    assert talk.conversation.receive(INJECTED) == []


def test_a_login_in_the_clear_does_not_count_after_the_handshake() -> None:
    talk = Talk()
    talk.feed(HELLO + LOGIN + b"STARTTLS\r\n")
    talk.conversation.finish_handshake()
    assert talk.feed(HELLO + b"MAIL FROM:<>\r\n").splitlines()[-1].startswith(b"530 ")


async def test_pipelining_inside_tls_right_behind_the_handshake_is_served(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door, connected(door) as wire:
        await wire.say(b"EHLO me\r\nSTARTTLS\r\n", 2)
        await wire.writer.start_tls(certificate.client, server_hostname="localhost")
        assert (await wire.rest(INJECTED + b"QUIT\r\n")).endswith(b"221 2.0.0 Bye\r\n")
        assert len(door.requests) == 1
