"""Whether somebody at the other end speaks SMTP with us, asked without sending any mail.

Connects, reads the greeting, says EHLO and QUIT (RFC 5321 4.1.1.1, 4.1.1.10), within one given time. It
authenticates nobody and trusts nothing it hears: replies are bounded and only quoted.
"""

import asyncio
import contextlib
import ssl
from datetime import timedelta
from typing import Final

import msgspec

_LINES: Final = 100
_LONGEST: Final = 2048  # octets of a reply line; RFC 5321 4.5.3.1.5 asks for 512


class ProbeAnswer(msgspec.Struct, frozen=True):
    """It greeted and answered EHLO. ``extensions``: EHLO keywords, upper case."""

    greeting: str
    extensions: frozenset[str]


class ProbeSilence(msgspec.Struct, frozen=True):
    """It did not; ``why`` in words. ``connected``: TCP (and TLS, where it was asked for) went well."""

    why: str
    connected: bool


async def greet(host: str, port: int, *, name: str, implicit_tls: bool, patience: timedelta) -> ProbeAnswer | ProbeSilence:
    """Ask ``host:port`` as ``name``; ``implicit_tls`` speaks TLS from the first byte and checks the host's name."""
    heard = _Hearing()
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await heard.ask(host, port, name, ssl.create_default_context() if implicit_tls else None)
    except ssl.SSLError as error:
        return ProbeSilence(f"TLS failed ({error.reason or 'no reason given'})", heard.connected)
    except OSError as error:
        return ProbeSilence(_why(error, patience), heard.connected)
    except (ValueError, EOFError) as error:
        return ProbeSilence(str(error) or "the connection was closed", heard.connected)


async def reach(host: str, port: int, patience: timedelta) -> str:
    """Why nobody takes a connection there, '' where somebody does; nothing is said."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return _why(error, patience)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return ""


def _why(error: OSError, patience: timedelta) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {patience.total_seconds():g} s"
    return error.strerror or str(error) or type(error).__name__


class _Hearing:
    """One conversation; remembers how far it came."""

    def __init__(self) -> None:
        self.connected = False

    async def ask(self, host: str, port: int, name: str, tls: ssl.SSLContext | None) -> ProbeAnswer:
        reader, writer = await asyncio.open_connection(host, port, ssl=tls, limit=_LONGEST)
        self.connected = True
        try:
            greeting = await _reply(reader, "220")
            writer.write(b"EHLO %s\r\n" % name.encode("ascii"))
            extensions = await _reply(reader, "250")
            writer.write(b"QUIT\r\n")
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return ProbeAnswer(greeting[0], frozenset(line.upper().partition(" ")[0] for line in extensions[1:]))


async def _reply(reader: asyncio.StreamReader, code: str) -> list[str]:
    """The lines of one reply without their codes. Errors: ValueError for another code or no SMTP at all."""
    lines: list[str] = []
    while len(lines) < _LINES:
        raw = await reader.readline()
        if not raw:
            raise EOFError("the connection was closed")
        line = "".join(letter if letter.isprintable() else "·" for letter in raw.decode("utf-8", "replace").strip())
        if not line.startswith(code):
            raise ValueError(f"it said {line[:200]!r}")
        lines.append(line[4:])
        if line[3:4] != "-":
            return lines
    raise ValueError("its reply has no end")
