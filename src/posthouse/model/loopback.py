"""Is it this machine, so that nobody can listen on the wire?

Decides where passwords may go in clear and who sees the operator's page.

Two questions are kept apart. A peer is known by its address alone: a name there would be a stranger's claim. A host that the
operator wrote may also be one of the names that every system resolves to itself (RFC 6761 section 6.3, and those of common
hosts files).
"""

from ipaddress import IPv6Address, ip_address
from typing import Final

NAMES: Final = frozenset({"localhost", "localhost.localdomain", "ip6-localhost"})
# A relay gets passwords: only the one name that never asks DNS (RFC 6761 section 6.3) counts there.
RELAY_NAME: Final = "localhost"


def is_loopback_address(address: str) -> bool:
    """True for 127.0.0.0/8 (also inside an IPv6 address) and ::1, whatever the zone index; False for what is no IP address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def is_loopback_host(host: str) -> bool:
    """The same, and True for the names in ``NAMES``. Only for hosts that the operator gave."""
    return is_loopback_address(host) or host.lower().rstrip(".") in NAMES


def is_loopback_relay(host: str) -> bool:
    """The same for a relay that passwords are sent to: an address, or ``localhost`` itself."""
    return is_loopback_address(host) or host.lower().rstrip(".") == RELAY_NAME
