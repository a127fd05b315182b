"""May we connect to an address that a stranger gave us? (Server-side request forgery, S-17, F-16.)

Only what is globally reachable may be: no loopback, private, link-local, shared, multicast or reserved address, also
not inside an IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4), nor in ranges that are not part of the public
Internet whatever a version of Python thinks of them (IANA special-purpose registries, RFC 6890).

Known sharp edges: what is checked here must be the very address that is connected to, never a name that is looked up again.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_NAT64: Final = IPv6Network("64:ff9b::/96")
_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291 2.4: all that IANA allocates; the rest is local, translated or reserved
_NOT_PUBLIC: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))


def is_public(address: str) -> bool:
    """Whether an address that a stranger gave may be connected to; False also where it is no IP address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    effective = _embedded_ipv4(parsed) if isinstance(parsed, IPv6Address) else parsed
    if isinstance(effective, IPv6Address) and effective not in _UNICAST:
        return False
    return effective.is_global and not effective.is_multicast and not any(effective in network for network in _NOT_PUBLIC)


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
