"""A server on loopback that says what it is told, line for line, whatever it hears."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def scripted_server(*said: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Its port. Says the first of ``said``, each other one after a line it heard, and closes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said[0])
        for line in said[1:]:
            if await reader.readline():
                writer.write(line)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]
