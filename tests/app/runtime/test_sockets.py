"""The listening sockets: a port that a killed `serve` still holds is waited for, one that stays taken is told."""

import asyncio
import socket
from pathlib import Path

import pytest

from posthouse.app.runtime.sockets import PATIENCE, bind_all
from posthouse.config import Settings, UnusableSettings, load


def _settings(port: int, data_dir: Path) -> Settings:
    return load({"POSTHOUSE_HTTP": f"127.0.0.1:{port}", "POSTHOUSE_SMTP": "off", "POSTHOUSE_DATA_DIR": str(data_dir)})


async def test_a_port_that_becomes_free_within_a_moment_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        asyncio.get_running_loop().call_later(0.3, other.close)
        bound = await bind_all(_settings(port, tmp_path), frozenset({"api"}))
    assert bound.address("http") == f"127.0.0.1:{port}"
    bound.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)


@pytest.mark.slow
async def test_a_port_that_stays_taken_is_told_soon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        async with asyncio.timeout(3 * PATIENCE):
            with pytest.raises(
                UnusableSettings, match=r"POSTHOUSE_HTTP: cannot listen on 127\.0\.0\.1:\d+ \(Address already in use\)"
            ):
                await bind_all(_settings(other.getsockname()[1], tmp_path), frozenset({"api"}))
