"""Our client and servers that others wrote."""

import asyncio
import contextlib
import getpass
import os
import re
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from posthouse.model.outcome import Delivered
from posthouse.net.transports.smarthost import RelayTarget, SmarthostTransport
from tests.support.carrying import LONG, PATIENT, RETURN_PATH, parcel, smtp_parts

DATA = b"Subject: dots\r\n\r\n.\r\n..a\r\nb\r\n"


def relay_to(port: int) -> SmarthostTransport:
    return SmarthostTransport(RelayTarget(host="127.0.0.1", port=port, name="smtp://stranger"), smtp_parts(PATIENT))


class Keeper:
    """aiosmtpd's way of handing over a message."""

    def __init__(self) -> None:
        self.kept: list[tuple[str | None, list[str], bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.kept.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 Ok: queued as STRANGER1"


async def test_aiosmtpd_understands_us() -> None:
    keeper = Keeper()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(keeper, enable_SMTPUTF8=True), "127.0.0.1", 0)
    smarthost = relay_to(server.sockets[0].getsockname()[1])
    recipients = ["a@x.test", "pel\u00e9@x.test", '"a b"@x.test']
    attempts = [await smarthost.send(parcel(to, DATA)) for to in recipients]
    await smarthost.close(LONG)
    server.close()
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    assert attempts[0].remote_id == "STRANGER1"
    assert keeper.kept == [(RETURN_PATH, [to], DATA) for to in recipients]


@contextlib.asynccontextmanager
async def sink(program: Path, *options: str) -> AsyncIterator[tuple[int, asyncio.subprocess.Process]]:
    """smtp-sink on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ("-u", getpass.getuser()) if os.getuid() == 0 else ()
    process = await asyncio.create_subprocess_exec(
        program, *user, *options, f"127.0.0.1:{port}", "100", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                break
            await asyncio.sleep(0.02)
        yield port, process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def kept_in(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir()]


async def test_postfixs_sink_counts_what_we_count(debian_tool: Callable[[str], Path], tmp_path: Path) -> None:
    template = tmp_path / "taken.%M"
    async with sink(debian_tool("smtp-sink"), "-d", str(template)) as (port, _):
        smarthost = relay_to(port)
        attempts = await asyncio.gather(*(smarthost.send(parcel(f"a{number}@x.test", DATA)) for number in range(200)))
        await smarthost.close(LONG)
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    taken = kept_in(tmp_path)
    named = {found[1] for text in taken if (found := re.search(rb"X-Rcpt-Args: <(.*?)>", text))}
    assert (len(taken), named) == (200, {f"a{number}@x.test".encode() for number in range(200)})
    assert all(text.endswith(DATA.replace(b"\r\n", b"\n") + b"\n") for text in taken)


async def test_postfixs_sink_without_pipelining_takes_the_same(debian_tool: Callable[[str], Path]) -> None:
    async with sink(debian_tool("smtp-sink"), "-p") as (port, _):
        smarthost = relay_to(port)
        attempts = await asyncio.gather(*(smarthost.send(parcel(f"a{number}@x.test", DATA)) for number in range(100)))
        await smarthost.close(LONG)
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
