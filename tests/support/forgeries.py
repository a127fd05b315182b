"""Forged returns by the thousand, offered at a rate over real sockets: what was answered, and how far behind the offer it was."""

import asyncio
import contextlib
import itertools
import random
from base64 import b32encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

A_SESSION = 10
KNOCKERS = 16
CALLERS = 8
TIMEOUT = 20.0


@dataclass(frozen=True)
class Forgery:
    """``door``: smtp or http. ``address``: the recipient, or the path that is called. ``mail``: what it would say."""

    door: str
    address: str
    mail: bytes


@dataclass
class Answers:
    """``codes`` by door and code; ``late``: seconds from the moment each was due to its answer; ``seconds``: first offer to last
    answer.
    """

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    seconds: float = 0.0


def local_parts(genuine: str, chance: random.Random) -> Iterator[str]:
    """Return paths that are none: of chance alone, one letter changed, cut, grown; and ways out of lists alike."""
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    while True:
        at = chance.randrange(2, len(genuine))
        other = chance.choice([letter for letter in letters if letter != genuine[at]])
        drawn = b32encode(chance.randbytes(28)).decode().rstrip("=").lower()
        yield from (
            f"b+{drawn}",
            genuine[:at] + other + genuine[at + 1 :],
            f"u+{drawn}",
            genuine[:-1],
            "u+" + genuine[2:],
            f"b+{'a' * 45}",
        )


def forgeries(
    genuine: str, report: Callable[[str], bytes], complaint: Callable[[str], bytes], domain: str, chance: random.Random
) -> Iterator[Forgery]:
    """By both doors, bounces and complaints by turns; one in twenty is a complaint to the operator's mailbox."""
    for number, local in enumerate(local_parts(genuine, chance)):
        says = (report if number % 2 else complaint)(f"{local}@{domain}")
        if number % 20 == 0:
            yield Forgery("smtp", f"abuse@{domain}", says)
        elif number % 4 == 0:
            yield Forgery("http", f"/v1/feedback/raw?recipient={local.replace('+', '%2B')}@{domain}", says)
        else:
            yield Forgery("smtp", f"{local}@{domain}", says)


async def offer(
    smtp: tuple[str, int], http: tuple[str, int], key: str, given: Iterator[Forgery], count: int, rate: float
) -> Answers:
    """Offer ``count`` of them at ``rate`` a second."""
    loop, answers = asyncio.get_running_loop(), Answers()
    queues: dict[str, asyncio.Queue[tuple[float, Forgery]]] = {"smtp": asyncio.Queue(), "http": asyncio.Queue()}
    began = loop.time()
    workers = [asyncio.create_task(_knock(*smtp, queues["smtp"], answers)) for _ in range(KNOCKERS)]
    workers += [asyncio.create_task(_call(*http, key, queues["http"], answers)) for _ in range(CALLERS)]
    for number, forgery in enumerate(itertools.islice(given, count)):
        due = began + number / rate
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        queues[forgery.door].put_nowait((due, forgery))
    joined = asyncio.create_task(_joined(*queues.values()))
    await asyncio.wait([joined, *workers], return_when=asyncio.FIRST_COMPLETED)
    answers.seconds = loop.time() - began
    joined.cancel()
    for worker in workers:
        worker.cancel()
    for ended in await asyncio.gather(*workers, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    return answers


async def _joined(*queues: asyncio.Queue[tuple[float, Forgery]]) -> None:
    for queue in queues:
        await queue.join()


async def _knock(host: str, port: int, queue: asyncio.Queue[tuple[float, Forgery]], answers: Answers) -> None:
    while True:
        due, forgery = await queue.get()
        async with _connected(host, port) as (reader, writer):
            await _reply(reader)
            await _say(reader, writer, b"EHLO forger.example\r\n")
            for left in reversed(range(A_SESSION)):
                async with asyncio.timeout(TIMEOUT):
                    code = await _one(reader, writer, forgery)
                answers.codes["smtp", code] += 1
                answers.late.append(asyncio.get_running_loop().time() - due)
                queue.task_done()
                if not left or queue.empty():
                    break
                due, forgery = queue.get_nowait()


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, forgery: Forgery) -> int:
    """The whole mail if they let us, as a forger would."""
    await _say(reader, writer, b"MAIL FROM:<>\r\n")
    code = await _say(reader, writer, f"RCPT TO:<{forgery.address}>\r\n".encode())
    if await _say(reader, writer, b"DATA\r\n") == 354:
        code = await _say(reader, writer, forgery.mail + b"\r\n.\r\n")
    await _say(reader, writer, b"RSET\r\n")
    return code


async def _say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> int:
    writer.write(line)
    return await _reply(reader)


async def _reply(reader: asyncio.StreamReader) -> int:
    while True:
        line = await reader.readline()
        if not line:
            raise ConnectionError("the door hung up")
        if line[3:4] == b" ":
            return int(line[:3])


async def _call(host: str, port: int, key: str, queue: asyncio.Queue[tuple[float, Forgery]], answers: Answers) -> None:
    async with _connected(host, port) as (reader, writer):
        while True:
            due, forgery = await queue.get()
            head = (
                f"POST {forgery.address} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Type: "
                f"message/rfc822\r\n"
            )
            writer.write(f"{head}Content-Length: {len(forgery.mail)}\r\n\r\n".encode() + forgery.mail)
            async with asyncio.timeout(TIMEOUT):
                answered = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(answered.partition(b"content-length:")[2].partition(b"\r\n")[0]))
            answers.codes["http", int(answered[9:12])] += 1
            answers.late.append(asyncio.get_running_loop().time() - due)
            queue.task_done()


@contextlib.asynccontextmanager
async def _connected(host: str, port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
