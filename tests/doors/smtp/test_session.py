"""A submission connection: TLS, logins, commits that take their time, peers that go, stall or flood."""

import asyncio
import ssl
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from posthouse.doors.smtp.session import peer_address
from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.loopback import is_loopback_address
from posthouse.model.send_request import Caller, Rejection
from posthouse.pipeline.accept.accept import StoreUnavailable
from tests.support.certificate import Certificate
from tests.support.smtp_door import CALLER, MESSAGE, PLAIN, connected, open_door

HELLO = b"EHLO client.example\r\n"
ENVELOPE = b"MAIL FROM:<shop@shop.example>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\n"
TRANSACTION = ENVELOPE + MESSAGE + b".\r\n"


async def test_250_comes_only_after_intake_returned() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        door.notebook.open.clear()
        await wire.say(TRANSACTION, 3)
        await door.notebook.entered.wait()
        early = asyncio.create_task(wire.reply())
        await asyncio.sleep(0)
        assert not early.done()
        door.notebook.open.set()
        assert await early == b"250 2.0.0 Ok: msg_1\r\n"
        assert door.notebook.callers == [CALLER]


async def test_pipelined_messages_are_answered_one_after_the_other_in_order() -> None:
    async with open_door() as door, connected(door) as wire:
        replies = await wire.rest(HELLO + PLAIN + TRANSACTION * 3 + b"QUIT\r\n")
        assert [line for line in replies.splitlines() if b"Ok: " in line] == [b"250 2.0.0 Ok: msg_%d" % n for n in (1, 2, 3)]
        assert replies.endswith(b"221 2.0.0 Bye\r\n")


async def test_nothing_is_read_while_a_message_is_being_committed() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        door.notebook.open.clear()
        await wire.say(TRANSACTION, 3)
        await door.notebook.entered.wait()
        [session] = door.server.sessions
        assert not session._transport.is_reading()
        door.notebook.open.set()
        assert (await wire.say(b"NOOP\r\n", 2)).endswith(b"250 2.0.0 Ok\r\n")
        assert session._transport.is_reading()


async def test_a_message_whose_sender_is_gone_is_still_committed() -> None:
    async with open_door() as door:
        async with connected(door) as wire:
            await wire.log_in()
            door.notebook.open.clear()
            await wire.say(TRANSACTION, 3)
            await door.notebook.entered.wait()
        [session] = door.server.sessions
        door.notebook.open.set()
        await session.ended.wait()
        assert len(door.requests) == 1
        assert not door.server.sessions


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (StoreUnavailable(), b"451 4.3.0 "),
        (StoreUnavailable(disk_full=True), b"452 4.3.1 "),
        (RuntimeError("a bug of ours"), b"451 4.3.0 "),
    ],
)
async def test_a_message_that_cannot_be_kept_is_put_off_and_the_session_goes_on(error: Exception, reply: bytes) -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        door.notebook.trouble = error
        with capture_logs():
            assert (await wire.say(TRANSACTION, 4)).splitlines()[-1].startswith(reply)
        door.notebook.trouble = None
        assert (await wire.say(TRANSACTION, 4)).endswith(b"Ok: msg_1\r\n")


async def test_a_rejection_is_told_with_its_code() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        door.notebook.rejection = Rejection("domain_not_verified", "shop.example is not verified")
        assert (await wire.say(TRANSACTION, 4)).endswith(b"550 5.7.1 shop.example is not verified\r\n")


async def test_a_large_message_is_read_as_a_small_one_is() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        large = MESSAGE + b"0123456789" * 7 + b"\r\n" + (b"line of text\r\n" * 40_000)
        assert (await wire.say(ENVELOPE + large + b".\r\n", 4)).endswith(b"Ok: msg_1\r\n")
        content = door.requests[0].content
        assert content is not None
        assert len(content.body) > 500_000


async def test_starttls_secures_a_session_and_a_login_is_possible_there(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door, connected(door) as wire:
        assert b"250-STARTTLS" in await wire.say(HELLO)
        assert (await wire.say(b"STARTTLS\r\n")).startswith(b"220 ")
        await wire.writer.start_tls(certificate.client, server_hostname="localhost")
        assert (await wire.say(b"MAIL FROM:<>\r\n")).startswith(b"530 ")
        await wire.log_in()
        assert (await wire.say(TRANSACTION, 4)).endswith(b"Ok: msg_1\r\n")


async def test_implicit_tls_offers_no_starttls(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door, connected(door, certificate.client) as wire:
        hello = await wire.say(HELLO)
        assert b"STARTTLS" not in hello
        assert b"AUTH PLAIN LOGIN" in hello
        assert (await wire.rest(PLAIN + TRANSACTION + b"QUIT\r\n")).endswith(b"221 2.0.0 Bye\r\n")
        assert len(door.requests) == 1


async def test_a_handshake_that_fails_ends_only_its_own_session(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door:
        async with connected(door) as wire:
            await wire.say(HELLO + b"STARTTLS\r\n", 2)
            with capture_logs() as logs:
                assert b"EHLO" not in await wire.rest(b"EHLO this is no handshake at all\r\n" * 4)
            assert [log["event"] for log in logs] == ["handshake failed"]
        async with connected(door, certificate.client) as wire:
            assert (await wire.say(HELLO)).startswith(b"250")


async def test_a_stranger_from_elsewhere_may_not_log_in_without_tls(
    monkeypatch: pytest.MonkeyPatch, certificate: Certificate
) -> None:
    monkeypatch.setattr("posthouse.doors.smtp.session.is_loopback_address", lambda _peer: False)
    async with open_door(certificate.server) as door:
        async with connected(door) as wire:
            assert b"AUTH" not in await wire.say(HELLO)
            assert (await wire.say(PLAIN)).startswith(b"538 5.7.11 ")
        async with connected(door, certificate.client) as wire:
            await wire.log_in()


@pytest.mark.parametrize(
    ("peer", "near"),
    [
        (("127.0.0.1", 1), True),
        (("127.8.8.8", 1), True),
        (("::1", 1, 0, 0), True),
        (("::ffff:127.0.0.1", 1, 0, 0), True),
        (("::ffff:192.0.2.1", 1, 0, 0), False),
        (("fe80::1%eth0", 1, 0, 2), False),
        (("192.0.2.1", 1), False),
        (("localhost", 1), False),
        ("", False),
        (None, False),
    ],
)
def test_only_this_machine_is_near(peer: object, near: bool) -> None:
    assert is_loopback_address(peer_address(peer)) is near


async def test_a_refused_login_waits_and_names_nobody() -> None:
    async with open_door() as door, connected(door) as wire:
        with capture_logs() as logs:
            assert (await wire.say(HELLO + b"AUTH PLAIN AHVzZXIAd3Jvbmc=\r\n", 2)).splitlines()[-1].startswith(b"535 5.7.8 ")
        assert logs == [{"event": "login refused", "door": "smtp", "peer": "127.0.0.1", "log_level": "warning"}]
        await wire.log_in()


async def test_a_login_that_the_store_cannot_judge_is_put_off() -> None:
    async def away(username: str, password: str) -> Caller | None:
        raise ConnectionRefusedError

    async with open_door(authenticates=away) as door, connected(door) as wire:
        with capture_logs():
            assert (await wire.say(HELLO + PLAIN, 2)).splitlines()[-1].startswith(b"451 4.3.0 ")
        assert (await wire.say(b"NOOP\r\n")).startswith(b"250 ")


async def test_a_peer_that_does_not_read_its_replies_is_not_heard() -> None:
    async with open_door() as door, connected(door) as wire:
        wire.deafen()
        [session] = door.server.sessions
        for _ in range(400):
            wire.writer.write(b"HELP\r\n" * 4000)
            await asyncio.sleep(0)
            if session._is_write_blocked:
                break
        assert session._is_write_blocked
        assert not session._transport.is_reading()
        assert session._transport.get_write_buffer_size() < 4_000_000
        wire.writer.transport.abort()


async def test_a_silent_peer_is_hung_up_on() -> None:
    async with open_door(limits=SessionLimits(idle=timedelta(seconds=60))) as door, connected(door) as wire:
        door.clock.advance(timedelta(seconds=59))
        door.server.sweep()
        assert (await wire.say(b"NOOP\r\n")).startswith(b"250 ")
        door.clock.advance(timedelta(seconds=60))
        door.server.sweep()
        assert await wire.rest() == b"421 4.4.2 Timed out\r\n"


async def test_a_commit_is_never_timed_out() -> None:
    async with (
        open_door(limits=SessionLimits(idle=timedelta(seconds=60), total=timedelta(seconds=90))) as door,
        connected(door) as wire,
    ):
        await wire.log_in()
        door.notebook.open.clear()
        await wire.say(TRANSACTION, 3)
        await door.notebook.entered.wait()
        door.clock.advance(timedelta(seconds=3600))
        door.server.sweep()
        door.notebook.open.set()
        assert (await wire.reply()).endswith(b"Ok: msg_1\r\n")


async def test_a_silent_session_goes_when_somebody_comes_and_a_commit_stays() -> None:
    async with open_door(slots=1) as door, connected(door) as silent, connected(door) as wire:
        assert await silent.reader.read() == b""
        await wire.say(HELLO + PLAIN, 2)
        door.notebook.open.clear()
        await wire.say(TRANSACTION, 3)
        await door.notebook.entered.wait()
        reader, writer = await asyncio.open_connection(door.host, door.port)
        assert (await reader.read()).startswith(b"421 4.3.2 ")
        writer.close()
        door.notebook.open.set()
        assert (await wire.reply()).startswith(b"250 ")


async def test_a_session_without_a_login_ends_after_a_minute_however_much_it_says() -> None:
    async with open_door(limits=SessionLimits()) as door, connected(door) as wire:
        for _ in range(2):
            door.clock.advance(timedelta(seconds=29))
            assert (await wire.say(b"NOOP\r\n")).startswith(b"250 ")
            door.server.sweep()
        door.clock.advance(timedelta(seconds=3))
        door.server.sweep()
        assert (await wire.reader.read()).startswith(b"421 ")


async def test_a_plain_asyncio_loop_does_as_well_as_uvloop(certificate: Certificate) -> None:
    def elsewhere() -> bytes:
        async def secured() -> bytes:
            async with open_door(certificate.server) as door, connected(door) as wire:
                await wire.say(HELLO + b"STARTTLS\r\n", 2)
                await wire.writer.start_tls(certificate.client, server_hostname="localhost")
                return await wire.rest(HELLO + PLAIN + TRANSACTION + b"QUIT\r\n")

        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(secured())

    assert b"Ok: msg_1\r\n221 2.0.0 Bye\r\n" in await asyncio.to_thread(elsewhere)


async def test_a_client_of_an_old_protocol_gets_no_session(certificate: Certificate) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(cadata=certificate.authority)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with open_door(certificate.server) as door:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with connected(door, old):
                pass
