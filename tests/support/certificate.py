"""A certificate for loopback and the context of a client that trusts it, made once per test run."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from posthouse.net import authority


class Certificate(NamedTuple):
    """Both ends of TLS on this machine."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    authority: str


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For ``localhost`` and ``127.0.0.1``."""
    folder: Path = tmp_path_factory.mktemp("certificate")
    now = datetime.now(UTC)
    pem = authority.authority_pem(folder, "localhost", now)
    return Certificate(
        authority.server_context(authority.server_file(folder, "localhost", now)), ssl.create_default_context(cadata=pem), pem
    )
