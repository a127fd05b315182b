"""A client that has begun a request and does not go on delays the end of its door, and nobody else (G3)."""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.product import Product, environment, running

HALF = (
    "POST /v1/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: "
    "99\r\n\r\n{{"
)


@contextlib.contextmanager
def _half_a_request(product: Product) -> Iterator[None]:
    with socket.create_connection(product.http) as slow:
        slow.sendall(HALF.format(product.keys["liveKey"]).encode())
        time.sleep(0.2)
        yield


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_while_the_doors_are_renewed_others_are_answered(tmp_path: Path) -> None:
    routes = tmp_path / "routes"
    routes.write_text("inbox:")
    with running(environment(tmp_path / "var", ROUTES_FILE=str(routes), WORKERS="1")) as product, _half_a_request(product):
        before, longest = product.children("posthouse.app.child doors"), 0.0
        routes.write_text("inbox: ")
        while set(product.children("posthouse.app.child doors")) & set(before):
            began = time.monotonic()
            product.send(to="ada@ada.example", subject="x", text="y", **{"from": "shop@shop.example"})
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.02)
    assert longest < 6


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_whoever_comes_while_the_house_closes_is_refused_at_once(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="1")) as product, _half_a_request(product):
        product.process.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert product.process.poll() is None
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(product.http, 5)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_only_the_doors_hold_what_listens(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="1")) as product:
        listening = f"socket:[{_inode(product.http[1])}]"
        assert [listening in _open_files(pid) for pid in product.children("posthouse.app.child doors")] == [True]
        others = [pid for word in ("worker", "fanout") for pid in product.children(f"posthouse.app.child {word}")]
        assert len(others) >= 2
        assert not any(listening in _open_files(pid) for pid in others)


def _inode(port: int) -> str:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return next(row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A")


def _open_files(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    return {str(each.readlink()) for each in folder.iterdir() if each.is_symlink()}
