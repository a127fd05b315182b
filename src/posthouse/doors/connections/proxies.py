"""Who is the peer, where a proxy stands in between?

Only proxies that the operator named are believed. From them the last hop of ``X-Forwarded-For`` that is no such proxy is the
peer; from anybody else the header is ignored, because everybody can write it.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Network = IPv4Network | IPv6Network


class TrustedProxies:
    """The networks of ``POSTHOUSE_TRUSTED_PROXIES``."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def trusts(self, address: str) -> bool:
        """Whether a connection from there brings other people's requests; it counts for no cap per address."""
        if not self._networks:
            return False
        parsed = _parse(address)
        return parsed is not None and self._holds(parsed)

    def peer(self, address: str, forwarded_for: Iterable[str]) -> str:
        """The peer of a request that came from ``address`` with these values of ``X-Forwarded-For``, in their order.

        A hop that is no address ends the search: what stands left of it was written by nobody we know.
        """
        if not self.trusts(address):
            return address
        peer = address
        for hop in reversed(",".join(forwarded_for).split(",")):
            parsed = _parse(hop.strip())
            if parsed is None:
                break
            peer = str(parsed)
            if not self._holds(parsed):
                break
        return peer

    def _holds(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


NO_PROXIES: Final = TrustedProxies()


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """An address, with or without a port (``192.0.2.1:80``, ``[2001:db8::1]:80``); IPv4 in IPv6 form is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
