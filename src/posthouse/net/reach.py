"""May we connect to an address that a stranger gave us? (Server-side request forgery, S-17, F-16.)

Only what is globally reachable may be: no loopback, private, link-local, shared, multicast or reserved address, also
not inside an IPv6 one that stands for an IPv4 address (mapped, NAT64, 6to4). What is checked here must be the very
address that is connected to, never a name that is looked up again.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether a stranger may send us there; False also where it is no IP address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(found) if isinstance(found, IPv6Address) else found
    return inner.is_global and not inner.is_multicast


def _inner(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
