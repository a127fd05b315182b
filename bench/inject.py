"""Load over SMTP, for Postfix: kept sessions with PIPELINING, one mail at a time in each (``bench.pace`` says how).

The accept time of a mail runs from its MAIL to the 250 after its final dot.
"""

import asyncio
from email.utils import formatdate

import uvloop

from bench import letter, pace


class Session:
    """One session, after EHLO."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hello(self) -> None:
        """To where mail may begin."""
        await self._reply()
        self._writer.write(b"EHLO bench.example\r\n")
        await self._reply()

    async def carry(self, thing: bytes, recipient: str) -> bool:
        self._writer.write(b"MAIL FROM:<noreply@shop.example>\r\nRCPT TO:<%b>\r\nDATA\r\n" % recipient.encode())
        codes = [await self._reply() for _ in range(3)]
        if codes != [250, 250, 354]:
            return False
        self._writer.write(thing + b".\r\n")
        return await self._reply() == 250

    async def _reply(self) -> int:
        while True:
            line = await self._reader.readline()
            if not line:
                raise ConnectionError("closed before it answered")
            if line[3:4] != b"-":
                return int(line[:3])


async def _session(port: int) -> Session:
    session = Session(*await asyncio.open_connection("127.0.0.1", port))
    await session.hello()
    return session


async def main() -> None:
    """One load, from the command line."""
    a = pace.options().parse_args()
    date = formatdate()
    letters = [letter.letter(number, a.run) for number in range(a.count)]
    things = [(one.recipient, letter.mime(one, date)) for one in letters]
    sessions = [await _session(a.port) for _ in range(a.connections)]
    pace.write(await pace.offer(sessions, things, a.rate), a.out)


if __name__ == "__main__":
    uvloop.run(main())
