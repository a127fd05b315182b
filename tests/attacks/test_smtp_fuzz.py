"""Malformed input (S-09, S-10): random octets raise nothing out of a session, and memory stays bounded."""

import random
import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.smtp.server.action import SessionLimits, WriteReply
from tests.support.smtp_door import MESSAGE, PLAIN, QUICK, connected, open_door
from tests.support.smtp_talk import HELLO, LOGIN, Talk, logged_in

WORDS = [
    b"EHLO ", b"MAIL FROM:", b"RCPT TO:", b"DATA", b"AUTH PLAIN ", b"AUTH LOGIN ", b"STARTTLS", b"RSET", b"VRFY ", b"BDAT ", b"<", b">",
    b"a@x.example", b" SIZE=", b" BODY=", b" SMTPUTF8", b"\r\n", b"\r\n.\r\n", b"=", b"*", b'"', b"\\", b" ", b"\x80", b"\xff", b"\xc3",
    b"\0", b"(" * 50, b"@" * 50, b"\xe2\x80\xae", b"AHVzZXIAcGFzcw==",
]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS) | st.binary(max_size=12), max_size=40), st.booleans())
def test_random_words_raise_nothing_and_every_reply_is_well_formed(words: list[bytes], begun: bool) -> None:
    talk = logged_in() if begun else Talk()
    talk.feed(b"".join(words))
    for action in talk.actions:
        if isinstance(action, WriteReply):
            assert action.data.endswith(b"\r\n")
            assert all(line[:3].isdigit() and line.isascii() and len(line) <= 510 for line in action.data.split(b"\r\n")[:-1])


def test_a_hundred_thousand_mutated_commands_raise_nothing() -> None:
    chance = random.Random(20261122)
    commands = [HELLO, LOGIN, b"MAIL FROM:<a@x.example> SIZE=10\r\n", b"RCPT TO:<b@x.example>\r\n", b"NOOP\r\n", b"VRFY x\r\n"]
    talk = logged_in(SessionLimits(bad_commands=1000))
    for _ in range(100_000):
        line = bytearray(chance.choice(commands))
        for _ in range(chance.randrange(1, 4)):
            line[chance.randrange(len(line) - 2)] = chance.choice(
                (0x80, 0xFF, 0x3C, 0x3E, 0x22, 0x20, 0x40, 0x5C, chance.randrange(1, 256))
            )
        talk.feed(bytes(line))
        talk.actions.clear()
        if talk.conversation.closed:
            talk = logged_in(SessionLimits(bad_commands=1000))
    assert talk.messages == []


@pytest.mark.parametrize("octet", range(0x80, 0x100, 9))
def test_octets_that_are_no_utf8_get_a_reply_and_keep_the_session(octet: int) -> None:
    talk = logged_in()
    assert talk.feed(b"EHLO " + bytes([octet]) + b"\r\n").startswith(b"501 5.5.2 ")
    assert talk.feed(b"NOOP\r\n").startswith(b"250 ")


def test_a_line_of_a_megabyte_gets_one_reply_and_keeps_the_session_and_no_memory() -> None:
    talk = logged_in()
    tracemalloc.start()
    for _ in range(64):
        talk.feed(b"x" * 16_384)
    talk.feed(b"\r\n")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert talk.actions[-1] == WriteReply(b"500 5.5.2 Line too long\r\n")
    assert talk.feed(b"NOOP\r\n").startswith(b"250 ")
    assert peak < 200_000


def test_a_message_far_too_large_is_not_kept() -> None:
    talk = logged_in(SessionLimits(message=100_000))
    talk.feed(b"MAIL FROM:<>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n")
    tracemalloc.start()
    replies = [talk.feed(b"x" * 16_382 + b"\r\n") for _ in range(11)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [reply for reply in replies if reply] == [b"552 5.3.4 Message too large\r\n"]
    assert peak < 300_000
    assert talk.feed(b".\r\nNOOP\r\n") == b"250 2.0.0 Ok\r\n"
    talk.feed(b"MAIL FROM:<>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n" + b"x" * 200_010)
    assert talk.conversation.closed


def test_a_backtracking_address_costs_nothing() -> None:
    talk = logged_in()
    for path in (
        b"<" + b'"' * 1900,
        b"<" + b'"\\"' * 600,
        b"<" + b"a" * 1900,
        b"<" + b'""' * 900 + b">",
        b"<" + b"<" * 1900 + b">",
    ):
        assert talk.feed(b"MAIL FROM:" + path + b"\r\n").startswith(b"501 ")


async def test_a_slow_loris_is_hung_up_on_whatever_it_drips() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        await wire.say(b"MAIL FROM:<>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n", 3)
        for octet in b"Subject: slow":
            door.clock.advance(timedelta(seconds=30))
            door.server.sweep()
            wire.writer.write(bytes([octet]))
            await wire.writer.drain()
        assert await wire.rest() == b"421 4.4.2 Timed out\r\n"


async def test_a_session_does_not_last_for_ever_however_lively() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        for _ in range(13):
            assert (await wire.say(b"NOOP\r\n")).startswith(b"250 ")
            door.clock.advance(timedelta(seconds=280))
            door.server.sweep()
        assert await wire.rest(b"NOOP\r\n") == b"421 4.4.2 Timed out\r\n"


async def test_octets_at_random_leave_the_door_open_for_others() -> None:
    chance = random.Random(7)
    async with open_door(limits=QUICK) as door:
        for _ in range(30):
            async with connected(door) as wire:
                wire.writer.write(b"EHLO me\r\n" + PLAIN + chance.randbytes(chance.randrange(4000)))
                wire.writer.write_eof()
                await wire.rest()
        async with connected(door) as wire:
            await wire.log_in()
            assert (await wire.say(b"MAIL FROM:<>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n" + MESSAGE + b".\r\n", 4)).endswith(
                b"msg_1\r\n"
            )
