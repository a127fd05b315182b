"""How is an address to listen on written, and what is a host name? (RFC 1123 section 2.1.)"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

_PORT: Final = re.compile(r"\A(\[[^]]*\]|[^:]*):[^:]*\Z")
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on, or of a nameserver; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """``127.0.0.1:8025``, ``[::1]:8025``."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_listen(value: str) -> Listen | None:
    """``host:port``, ``[::1]:2525``, or None for ``off``; ValueError says what to write."""
    return None if value.lower() == "off" else _host_port(value, "127.0.0.1:8025")


def parse_nameserver(value: str) -> Listen:
    """The IP address and port of a nameserver, port 53 where none is given; ValueError says what to write.

    A name (of a container, say) is resolved now, by the system, because a nameserver cannot be asked for its own address.
    """
    example = "127.0.0.1:53"
    found = _host_port(value if _PORT.search(value) else f"{value}:53", example)
    if not found.port:
        raise ValueError(f"is {value!r}; a nameserver has a port, for example {example}")
    return Listen(_address(found.host), found.port)


def parse_number(text: str, low: int, high: int, complaint: str) -> int:
    """A whole number in decimal digits between the two; Errors: ValueError with the complaint."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):
        raise ValueError(complaint)
    return int(text)


def parse_networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks in CIDR notation, separated by commas; ValueError says what to write."""
    return tuple(_network(each.strip()) for each in value.split(","))


def is_domain(text: str) -> bool:
    """True for letters, digits and hyphens in labels (RFC 1123 2.1), at most 253 octets."""
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def is_host(text: str) -> bool:
    """True for an IP address (a zone index allowed) and for a domain."""
    try:
        return bool(ip_address(text))
    except ValueError:
        return is_domain(text) and not text.replace(".", "").isdigit()


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(
            f"names {text!r}; write networks such as 10.0.0.0/8, 127.0.0.1 or fd00::/8, with commas between"
        ) from None


def _address(host: str) -> str:
    """The IP address of a host, IPv4 before IPv6."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        raise ValueError(f"names {host!r}, which this machine cannot resolve; write the nameserver's IP address") from None
    return str(min(found, key=lambda one: one[0] != socket.AF_INET)[4][0])


def _host_port(value: str, example: str) -> Listen:
    host, mark, port = value.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not mark or not is_host(bare) or (":" in bare) != (bare != host):
        raise ValueError(f"is {value!r}; write host:port, for example {example} or [::1]:{example.rpartition(':')[2]}")
    return Listen(bare, parse_number(port, 0, 65535, f"is {value!r}; the port is a number from 0 to 65535"))
