"""Even what is no request gets a problem with a Request-Id, and the door goes on (contract, "HTTP")."""

import json
import socket
from pathlib import Path

import pytest

from tests.support.product import Product, environment, running

BROKEN = [
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /v1/send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /v1/send HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
]


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_what_is_no_http_is_answered_as_a_problem(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="1")) as product:
        for request in BROKEN:
            head, _, body = _said(product, request).partition(b"\r\n\r\n")
            lines = head.decode().lower().split("\r\n")
            assert lines[0].startswith("http/1.1 400 "), request[:40]
            assert "content-type: application/problem+json" in lines
            assert any(line.startswith("request-id: req_") for line in lines)
            assert json.loads(body)["code"] == "invalid_json"
        assert product.ask("GET", "/healthz")[0] == 200


def _said(product: Product, request: bytes) -> bytes:
    with socket.create_connection(product.http, 10) as stranger:
        stranger.sendall(request)
        return b"".join(iter(lambda: stranger.recv(65536), b""))
