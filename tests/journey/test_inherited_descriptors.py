"""Open files that `serve` inherited, and its own listening sockets, reach no process that was not given them."""

import os
from pathlib import Path

import pytest

from tests.support.product import Product, command_line, descendants, environment, running

TEMPLATE = {
    "name": "hello",
    "type": "notification",
    "subject": "Hello {{ name }}",
    "html": "<p>Hello {{ name }}</p>",
    "text": "Hello {{ name }}",
    "variables": [{"name": "name", "type": "string", "required": True}],
    "locale": "en",
}


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_server_that_was_started_with_open_files_saves_and_renders_and_hands_none_of_them_on(tmp_path: Path) -> None:
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    try:
        with running(environment(tmp_path / "var", WORKERS="1"), inherited=(lock,)) as product:
            _save_and_send(product)
            assert str(tmp_path / "lock") in _open_files(product.process.pid)  # it may be a lock, which must be held on
            holders = [pid for pid in descendants(product.process.pid) if str(tmp_path / "lock") in _open_files(pid)]
            assert [command_line(pid) for pid in holders] == []
            assert _listening(product) == {"doors"}
    finally:
        os.close(lock)


def _save_and_send(product: Product) -> None:
    status, saved = product.ask("POST", "/v1/templates", TEMPLATE)
    assert status == 201, saved
    sent = product.send(to="ada@ada.example", template="hello", variables={"name": "Ada"}, **{"from": "shop@shop.example"})
    product.wait(sent["id"], "delivered")
    assert len(product.children("posthouse.app.runtime.confined")) >= 2


def _listening(product: Product) -> set[str]:
    """The roles of the processes below `serve` that hold a socket on which one of its ports listens, as the kernel says."""
    ports = {f"{port:04X}" for _, port in (product.http, product.smtp)}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and row[1].rpartition(":")[2] in ports}
    assert len(sockets) == 2
    holders = [pid for pid in descendants(product.process.pid) if _open_files(pid) & sockets]
    return {command_line(pid).split()[-1] for pid in holders}


def _open_files(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    return {str(each.readlink()) for each in folder.iterdir() if each.is_symlink()}
