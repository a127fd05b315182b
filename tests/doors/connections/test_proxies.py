"""Claims about the peer behind proxies: only those that the operator named are believed."""

from ipaddress import ip_network

from posthouse.doors.connections.proxies import TrustedProxies

_PROXIES = TrustedProxies((ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))


def test_without_trusted_proxies_the_header_is_ignored() -> None:
    assert TrustedProxies().peer("10.0.0.1", ["192.0.2.7"]) == "10.0.0.1"


def test_a_stranger_cannot_name_another_peer() -> None:
    assert _PROXIES.peer("198.51.100.1", ["192.0.2.7"]) == "198.51.100.1"


def test_the_last_untrusted_hop_is_the_peer() -> None:
    assert _PROXIES.peer("10.0.0.1", ["203.0.113.9, 192.0.2.7", "10.1.1.1"]) == "192.0.2.7"


def test_a_hop_may_have_a_port_and_ipv6_brackets() -> None:
    assert _PROXIES.peer("10.0.0.1", ["192.0.2.7:4711"]) == "192.0.2.7"
    assert _PROXIES.peer("2001:db8::1", ["[2001:dead::7]:443"]) == "2001:dead::7"
    assert _PROXIES.peer("::ffff:10.0.0.1", ["192.0.2.7"]) == "192.0.2.7"


def test_what_is_no_address_ends_the_search_at_the_proxy_that_wrote_it() -> None:
    assert _PROXIES.peer("10.0.0.1", ["192.0.2.7, unknown, 10.2.2.2"]) == "10.2.2.2"
    assert _PROXIES.peer("10.0.0.1", []) == "10.0.0.1"
