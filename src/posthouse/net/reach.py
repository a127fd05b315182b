"""May we connect to an address that a stranger gave us? (Server-side request forgery, S-17, F-16.)

Only what is globally reachable may be: no loopback, private, link-local, shared, multicast or reserved address, also
not inside an IPv6 one that stands for an IPv4 address (mapped, NAT64, 6to4), nor in ranges that are none of the public
Internet whatever a version of Python thinks of them (IANA special-purpose registries, RFC 6890). What is checked here must be the very
address that is connected to, never a name that is looked up again.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291 2.4: all that IANA gives out; the rest is local, translated or reserved
_NEVER: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))


def is_public(address: str) -> bool:
    """Whether a stranger may send us there; False also where it is no IP address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inner(found) if isinstance(found, IPv6Address) else found
    if isinstance(inner, IPv6Address) and inner not in _UNICAST:
        return False
    return inner.is_global and not inner.is_multicast and not any(inner in network for network in _NEVER)


def _inner(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
