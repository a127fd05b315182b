"""Who is this machine itself?"""

import pytest

from posthouse.model.loopback import is_loopback_address, is_loopback_host, is_loopback_relay

LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "::1%lo", "::ffff:127.0.0.1"]
ELSEWHERE = ["192.0.2.1", "::ffff:192.0.2.1", "fe80::1%eth0", "0.0.0.0", "::", "mail.example", "127.0.0.1.example", ""]
NAMES = ["localhost", "LocalHost.", "localhost.localdomain", "ip6-localhost"]


@pytest.mark.parametrize("address", LOOPBACK)
def test_an_address_of_this_machine_is_loopback(address: str) -> None:
    assert is_loopback_address(address)
    assert is_loopback_host(address)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_whatever_else_is_not(address: str) -> None:
    assert not is_loopback_address(address)
    assert not is_loopback_host(address)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_counts_for_a_host_and_never_for_a_peer(name: str) -> None:
    assert is_loopback_host(name)
    assert not is_loopback_address(name)


@pytest.mark.parametrize(("host", "loopback"), [("localhost", True), ("127.0.0.1", True), ("localhost.localdomain", False)])
def test_a_relay_is_believed_to_be_here_by_its_address_or_the_one_name_that_asks_no_dns(host: str, loopback: bool) -> None:
    assert is_loopback_relay(host) is loopback
