"""Strangers over HTTP, in processes of their own: thousands that say nothing, and heads without end."""

import contextlib
import http.client
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.product import Product, environment, running

_IDLE = """
import resource, socket, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 64), hard))
kept = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(count)]
print(len(kept), flush=True)
sys.stdin.read()
"""
_FLOOD = b"GET / HTTP/1.1\r\nX: " + b"a" * (1 << 20)
_OUTER = 5.0  # seconds
_GROWTH = 20 << 20  # bytes


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(environment(Path(tmp_path_factory.mktemp("strangers")) / "var", WORKERS="1")) as product:
        yield product


@contextlib.contextmanager
def _crowd(product: Product, count: int, processes: int) -> Iterator[None]:
    command = [sys.executable, "-c", _IDLE, str(product.http[1]), str(count // processes)]
    with contextlib.ExitStack() as stack:
        crowd = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            for _ in range(processes)
        ]
        try:
            for each in crowd:
                assert each.stdout is not None
                assert int(each.stdout.readline()) == count // processes
            yield
        finally:
            for each in crowd:
                each.kill()


def _is_served(product: Product, source: str) -> bool:
    """Ten new connections, one after the other."""
    for _ in range(10):
        connection = http.client.HTTPConnection(*product.http, timeout=_OUTER, source_address=(source, 0))
        with contextlib.closing(connection):
            connection.request("GET", "/healthz")
            if connection.getresponse().status != 200:
                return False
    return True


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_two_thousand_silent_connections_shut_nobody_out(product: Product) -> None:
    with _crowd(product, 2000, 2):
        assert _is_served(product, "127.0.0.1")
        assert _is_served(product, "127.0.0.2")


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_as_many_silent_connections_as_files_shut_nobody_out(product: Product) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = 20_000 if hard == resource.RLIM_INFINITY else min(hard, 20_000)
    with _crowd(product, most * 9 // 10, 4):
        assert _is_served(product, "127.0.0.1")
        assert _is_served(product, "127.0.0.2")


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_heads_without_end_take_less_than_twenty_megabytes(product: Product) -> None:
    (pid,) = product.children("posthouse.app.child doors")
    _is_served(product, "127.0.0.1")
    before = highest = _resident(pid)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        with contextlib.ExitStack() as stack:
            for stranger in [stack.enter_context(socket.create_connection(product.http, _OUTER)) for _ in range(8)]:
                with contextlib.suppress(OSError):
                    stranger.sendall(_FLOOD)
            highest = max(highest, _resident(pid))
    assert highest - before < _GROWTH
    assert _is_served(product, "127.0.0.1")


def _resident(pid: int) -> int:
    """Bytes of memory."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
