"""Closing the door: nobody new, whoever has begun is answered, and nobody waits for those who do nothing."""

import asyncio
import socket
from datetime import timedelta

import pytest

from posthouse.doors.submission.serve import SubmissionParts, serve_submission
from posthouse.testing.clock import FakeClock
from tests.support.smtp_door import MESSAGE, Notebook, Unlimited, authenticate, connected, open_door

BEGUN = b"MAIL FROM:<>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\n"


async def test_closing_sends_idle_sessions_away_at_once() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        await asyncio.wait_for(door.server.close(timedelta(seconds=30)), 5)
        assert await wire.rest() == b"421 4.3.2 Shutting down\r\n"


async def test_closing_waits_for_the_message_that_has_begun() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        await wire.say(BEGUN, 3)
        closing = asyncio.create_task(door.server.close(timedelta(seconds=30)))
        await asyncio.sleep(0)
        assert (await wire.say(MESSAGE + b".\r\n", 2)) == b"250 2.0.0 Ok: msg_1\r\n421 4.3.2 Shutting down\r\n"
        await asyncio.wait_for(closing, 5)


async def test_closing_waits_no_longer_than_its_grace() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.log_in()
        await wire.say(BEGUN, 3)
        await asyncio.wait_for(door.server.close(timedelta(seconds=0.05)), 5)
        assert await wire.rest() == b""


async def test_a_closed_door_takes_nobody() -> None:
    async with open_door() as door:
        await door.server.close(timedelta(0))
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(door.host, door.port)


async def test_implicit_tls_without_a_certificate_is_refused() -> None:
    parts = SubmissionParts(
        intake=Notebook(), rate_limits=Unlimited(), authenticate=authenticate, hostname="mail.example", clock=FakeClock()
    )
    with socket.create_server(("127.0.0.1", 0)) as sock, pytest.raises(ValueError, match="certificate"):
        await serve_submission({"smtps": sock}, parts)
