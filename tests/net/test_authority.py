"""The self-signed authority: a stranger's TLS client trusts it, for this machine's names and no others."""

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from posthouse.net.authority import LIFETIME, authority_pem, server_context, server_file


def _now() -> datetime:
    return datetime.now(UTC)


async def _handshake(data_dir: Path, name: str, pem: str) -> str | None:
    """The TLS version that a client which trusts only ``pem`` and checks ``name`` ends with."""
    context = server_context(server_file(data_dir, "mail.shop.example", _now()))

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        client = ssl.create_default_context(cadata=pem)
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        version: str | None = writer.get_extra_info("ssl_object").version()
        writer.close()
        await writer.wait_closed()
        return version


@pytest.mark.parametrize("name", ["mail.shop.example", "localhost", "127.0.0.1", "::1"])
async def test_a_client_that_trusts_the_authority_accepts_every_name_of_this_machine(tmp_path: Path, name: str) -> None:
    pem = authority_pem(tmp_path, "mail.shop.example", _now())
    assert await _handshake(tmp_path, name, pem) in {"TLSv1.2", "TLSv1.3"}


async def test_another_name_is_refused(tmp_path: Path) -> None:
    pem = authority_pem(tmp_path, "mail.shop.example", _now())
    with pytest.raises(ssl.SSLCertVerificationError):
        await _handshake(tmp_path, "bank.example", pem)


def test_the_file_is_for_its_owner_alone_and_stays_the_same(tmp_path: Path) -> None:
    first = server_file(tmp_path, "vm", _now())
    before = first.read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.parent.stat().st_mode) == 0o700
    assert server_file(tmp_path, "vm", _now()).read_bytes() == before


def test_only_the_leafs_key_is_kept(tmp_path: Path) -> None:
    text = server_file(tmp_path, "vm", _now()).read_text()
    assert text.count("PRIVATE KEY-----") == 2  # one key, its two lines
    assert text.count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize(
    ("hostname", "later"), [("other", timedelta()), ("vm", LIFETIME - timedelta(days=20)), ("vm", -timedelta(days=9))]
)
def test_a_new_host_name_and_the_nearing_end_make_it_anew(tmp_path: Path, hostname: str, later: timedelta) -> None:
    before = server_file(tmp_path, "vm", _now()).read_bytes()
    assert server_file(tmp_path, hostname, _now() + later).read_bytes() != before


def test_a_broken_file_is_made_anew(tmp_path: Path) -> None:
    path = server_file(tmp_path, "vm", _now())
    path.write_text("not a certificate")
    server_context(server_file(tmp_path, "vm", _now()))


def test_the_authority_is_exported_without_any_key(tmp_path: Path) -> None:
    assert "PRIVATE" not in authority_pem(tmp_path, "vm", _now())
