"""Listening for NOTIFY, over a connection of its own for as long as it lives."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg


async def listen(dsn: str, channel: str, heard: Callable[[str], None], connected: Callable[[], None]) -> None:
    """Call ``heard`` with each payload; returns when the connection is lost. Errors: those of connecting.

    ``connected`` is called once, as soon as nothing is missed any more: what was sent before nobody heard.
    """
    connection = await asyncpg.connect(dsn, timeout=10, server_settings={"application_name": "posthouse listen"})
    lost = asyncio.Event()

    def on_payload(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
        heard(str(payload))

    try:
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(channel, on_payload)
        connected()
        await lost.wait()
    finally:
        connection.terminate()
