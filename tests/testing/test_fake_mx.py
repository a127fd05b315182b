"""The fake mail server itself: what it takes it has written down before it answers, also as a process of its own."""

import asyncio
import json
import sys
from pathlib import Path

from posthouse.model.outcome import Delivered, InDoubt
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.transports.smarthost import RelayTarget, SmarthostTransport
from posthouse.testing.fake_mx import FakeMx
from tests.support.carrying import LONG, parcel, relay, smtp_parts


async def talk(port: int, *lines: bytes) -> list[bytes]:
    """Every line at once; what was answered until the server closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.writelines(lines)
    heard = (await reader.read()).splitlines()
    writer.close()
    await writer.wait_closed()
    return heard


async def test_commands_out_of_order_are_refused() -> None:
    async with FakeMx() as mx:
        heard = await talk(mx.port, b"RCPT TO:<a@x>\r\nMAIL FROM:<a@x>\r\nMAIL FROM:<a@x>\r\nDATA\r\nMAIL x\r\nwhat\r\nQUIT\r\n")
    assert [line[:3] for line in heard] == [b"220", b"503", b"250", b"503", b"503", b"501", b"500", b"221"]


async def test_stray_line_ends_and_nul_are_counted() -> None:
    async with FakeMx() as mx:
        await talk(mx.port, b"MAIL FROM:<>\r\nRCPT TO:<a@x>\r\nDATA\r\na\nb\rc\x00\r\n.\r\nQUIT\r\n")
    assert (mx.counts["stray_cr_or_lf"], mx.counts["nul"], mx.ledger[0].sender) == (2, 1, b"")


async def test_one_message_to_several_recipients_is_an_entry_each() -> None:
    async with FakeMx() as mx:
        await talk(mx.port, b'MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<"b>c"@x>\r\nDATA\r\n..\r\n.\r\nQUIT\r\n')
    assert [(entry.recipient, entry.data) for entry in mx.ledger] == [(b"a@x", b".\r\n"), (b'"b>c"@x', b".\r\n")]


async def test_a_slow_answer_keeps_its_place() -> None:
    async with FakeMx() as mx:
        heard = await talk(
            mx.port, b"MAIL FROM:<s@x>\r\nRCPT TO:<f+dot+slow+20@x>\r\nDATA\r\nx\r\n.\r\nNOOP\r\nMAIL FROM:<t@x>\r\nQUIT\r\n"
        )
    assert [line[:3] for line in heard] == [b"220", b"250", b"250", b"354", b"250", b"250", b"250", b"221"]
    assert b"queued" in heard[4]


async def test_the_ledger_file_has_what_was_taken_without_a_word(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    async with FakeMx(ledger=ledger) as mx, relay(mx) as smarthost:
        attempt = await smarthost.send(parcel("f+dot+accept_close@x.test", "é\r\n".encode()))
        assert isinstance(attempt.outcome, InDoubt)
    (entry,) = map(json.loads, ledger.read_text().splitlines())
    assert entry["recipient"] == "f+dot+accept_close@x.test"
    assert entry["data"].encode("latin-1") == "é\r\n".encode()


async def test_as_a_process_of_its_own_it_says_where_it_listens_and_ends_on_request(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    command = [sys.executable, "-m", "posthouse.testing.fake_mx", "--port", "0", "--ledger", str(ledger), "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    port = json.loads(await process.stdout.readline())["port"]
    smarthost = SmarthostTransport(RelayTarget(host="127.0.0.1", port=port, name="smtp://sink"), smtp_parts(TransportLimits()))
    attempts = await asyncio.gather(*(smarthost.send(parcel(f"a{number}@x.test")) for number in range(500)))
    await smarthost.close(LONG)
    process.terminate()
    assert await process.wait() == 0
    assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
    recipients = [json.loads(line)["recipient"] for line in ledger.read_text().splitlines()]
    assert sorted(recipients) == sorted(f"a{number}@x.test" for number in range(500))
