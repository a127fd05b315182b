"""Asking a server for its greeting, whatever it answers."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.smtp.handshake import TlsUse
from posthouse.net.authority import server_context, server_file
from posthouse.net.smtp.probe import ProbeAnswer, ProbeSilence, ProbeTarget, greet
from tests.support.smtp_script import scripted_server

SOON = timedelta(seconds=5)


async def _greet(
    port: int, patience: timedelta = SOON, *, implicit_tls: bool = False, tls: TlsUse = TlsUse.NEVER
) -> ProbeAnswer | ProbeSilence:
    return await greet(
        ProbeTarget(host="127.0.0.1", port=port, name="mail.example.com", implicit_tls=implicit_tls, tls=tls), patience
    )


async def test_a_server_tells_its_extensions() -> None:
    async with scripted_server(b"220 mx ESMTP\r\n", b"250-mx hello\r\n250-STARTTLS\r\n250 size 1000\r\n") as port:
        assert await _greet(port) == ProbeAnswer("mx ESMTP", frozenset({"STARTTLS", "SIZE"}))


@pytest.mark.parametrize(
    "said",
    [
        (b"554 go away\r\n",),
        (b"SSH-2.0-x\r\n",),
        (b"220 mx\r\n", b"502 no\r\n"),
        (b"",),
        (b"220-" + b"x" * 5000 + b"\r\n",),
        (b"220-x\r\n" * 500,),
        (b"220 mx\r\n", b"250-half"),
        (b"\xff\x00\r\n",),
    ],
)
async def test_what_is_no_greeting_is_silence_with_a_reason(said: tuple[bytes, ...]) -> None:
    async with scripted_server(*said) as port:
        answer = await _greet(port)
    assert isinstance(answer, ProbeSilence)
    assert answer.why
    assert answer.connected


async def test_what_it_says_cannot_drive_the_terminal() -> None:
    async with scripted_server(b"220 \x1b[31mmx\x07\r\n", b"250 x\r\n") as port:
        assert await _greet(port) == ProbeAnswer(" [31mmx ", frozenset())


async def test_nobody_there_is_no_connection() -> None:
    async with scripted_server(b"") as port:
        pass
    answer = await _greet(port)
    assert isinstance(answer, ProbeSilence)
    assert not answer.connected


async def test_a_server_that_says_nothing_costs_no_more_than_the_given_time() -> None:
    async with asyncio.timeout(5), scripted_server(b"220-mx\r\n", b"") as port:
        assert await _greet(port, timedelta(milliseconds=50)) == ProbeSilence("no answer within 0.05 s", connected=True)


async def test_a_certificate_that_nobody_vouched_for_is_told(tmp_path: Path) -> None:
    context = server_context(server_file(tmp_path, "mx", datetime.now(UTC)))
    async with scripted_server(b"220 mx\r\n", tls=context) as port:
        answer = await _greet(port, implicit_tls=True)
    assert isinstance(answer, ProbeSilence)
    assert "TLS" in answer.why


@pytest.mark.parametrize("tls", [TlsUse.OFFERED, TlsUse.REQUIRED])
async def test_starttls_is_done_and_checks_the_certificate(tls: TlsUse) -> None:
    async with scripted_server(b"220 mx\r\n", b"250-mx\r\n250 STARTTLS\r\n", b"220 go\r\n", b"no handshake\r\n") as port:
        answer = await _greet(port, tls=tls)
    assert isinstance(answer, ProbeSilence)
    assert "TLS" in answer.why


async def test_tls_that_is_required_and_not_offered_is_silence() -> None:
    async with scripted_server(b"220 mx\r\n", b"250 mx\r\n") as port:
        assert await _greet(port, tls=TlsUse.REQUIRED) == ProbeSilence("STARTTLS is not offered", connected=True)


async def test_an_old_server_that_knows_only_helo_is_an_answer() -> None:
    async with scripted_server(b"220 mx\r\n", b"502 no\r\n", b"250 mx\r\n") as port:
        assert await _greet(port) == ProbeAnswer("mx", frozenset())


@settings(max_examples=25)
@given(st.binary(max_size=200))
def test_no_greeting_makes_it_crash(said: bytes) -> None:
    async def talk() -> ProbeAnswer | ProbeSilence:
        async with scripted_server(said) as port:
            return await _greet(port, timedelta(milliseconds=200))

    assert asyncio.run(talk())
