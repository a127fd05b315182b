"""Who may see the operator's page."""

import pytest
from starlette.requests import Request

from posthouse.doors.dashboard.gate import may_see

PUBLIC = "https://mail.shop.example"


def request(peer: str | None, *headers: tuple[str, str]) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "client": None if peer is None else (peer, 4711),
            "headers": [(name.encode(), value.encode()) for name, value in headers],
        }
    )


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8025", "127.0.0.1:8025", "[::1]:8025", "LOCALHOST", "mail.shop.example", "mail.shop.example:443"],
)
def test_somebody_on_this_machine_may(peer: str, host: str) -> None:
    assert may_see(request(peer, ("host", host)), PUBLIC)


@pytest.mark.parametrize(
    "peer", ["192.0.2.1", "10.0.0.1", "169.254.1.1", "0.0.0.0", "::", "2001:db8::1", "::ffff:192.0.2.1", "localhost", "", None]
)
def test_somebody_elsewhere_may_not(peer: str | None) -> None:
    assert not may_see(request(peer, ("host", "localhost")), PUBLIC)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8025",
        "127.0.0.1.evil.example",
        "user@localhost.evil",
        "[",
        "",
        "2130706433",
    ],
)
def test_a_name_that_was_rebound_to_us_is_no_way_in(host: str) -> None:
    assert not may_see(request("127.0.0.1", ("host", host)), PUBLIC)


def test_the_public_name_counts_only_where_there_is_one() -> None:
    assert not may_see(request("127.0.0.1", ("host", "mail.shop.example")), None)


def test_no_host_or_two_are_no_way_in() -> None:
    assert not may_see(request("127.0.0.1"), PUBLIC)
    assert not may_see(request("127.0.0.1", ("host", "localhost"), ("host", "evil.example")), PUBLIC)


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"])
def test_a_proxy_on_this_machine_does_not_speak_for_others(header: str) -> None:
    assert not may_see(request("127.0.0.1", ("host", "localhost"), (header, "192.0.2.1")), PUBLIC)
