"""HTTP between our rooms: a request, its response, and why there was none (RFC 9110, RFC 3986).

Codecs (``providers``, ``sinks``) build requests and read responses; only ``net.http.client`` sends them. Addresses are parsed
here once, strictly: what two parsers could read differently (user parts, backslashes, numbers that stand for an IP
address, odd hosts) is refused, so the host that was checked is the host that is connected to.

Known sharp edges: international host names must be written in their xn-- form; a fragment is refused, not dropped.
"""

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import msgspec

LONGEST_URL: Final = 2048
_PORTS: Final = {"http": 80, "https": 443}
_URL: Final = re.compile(r"(?P<scheme>[a-z]+)://(?P<authority>[^/?#]*)(?P<target>[/?][^#]*)?(?P<fragment>#.*)?", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]@]+)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_NAME: Final = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TARGET: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%|]*")


class Url(msgspec.Struct, frozen=True):
    """An http or https address, taken apart. ``host``: lower case, an IP address without brackets; ``target``: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def secured(self) -> bool:
        """Whether it is https."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """What the Host field says (RFC 9110 7.2): the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> str | None:
        """The host where it is an IP address."""
        parsed = _ip(self.host)
        return None if parsed is None else str(parsed)


class UrlFault(msgspec.Struct, frozen=True):
    """Why a text is no address we connect to; ``message`` follows the name of the field."""

    message: str


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request. ``headers`` without Host, Content-Length and Connection. ``repeatable``: idempotent (RFC 9110 9.2.2)."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    repeatable: bool = False


class HttpResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response.

    Header names are lower case; ``truncated``: there was more body than is read; ``address``: the IP address it came from.
    """

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    address: str = ""
    tls: str = ""
    duration_ms: float = 0.0

    def header(self, name: str) -> str | None:
        """The first field of that (lower case) name."""
        return next((value for each, value in self.headers if each == name), None)


class NoAnswerReason(StrEnum):
    """Why there was no response."""

    URL = "url"
    DNS = "dns"
    PRIVATE_ADDRESS = "private_address"
    CONNECT = "connect"
    TLS = "tls"
    TIMED_OUT = "timed_out"
    LOST = "lost"
    PROTOCOL = "protocol"


class NoAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """No response, and why. ``fully_sent``: the last byte of the request may have arrived, so that it may have been processed."""

    reason: NoAnswerReason
    text: str
    fully_sent: bool = False
    address: str = ""
    duration_ms: float = 0.0


def parse_url(text: str) -> Url | UrlFault:
    """The address in ``text``, or what is wrong with it."""
    if len(text) > LONGEST_URL:
        return UrlFault(f"must have at most {LONGEST_URL} characters")
    match = _URL.fullmatch(text)
    if match is None or match["scheme"].lower() not in _PORTS:
        return UrlFault("must be an address such as https://app.example.com/hooks")
    if match["fragment"] is not None:
        return UrlFault("must not have a fragment (#…)")
    if "@" in match["authority"]:
        return UrlFault("must not have a user name or password before the host")
    authority = _AUTHORITY.fullmatch(match["authority"])
    host = None if authority is None else _host(authority["host"].lower())
    target = match["target"] or "/"
    if authority is None or host is None:
        return UrlFault("must name a host (an international one in its xn-- form)")
    if not _TARGET.fullmatch(target):
        return UrlFault("must have its path and query percent-encoded")
    scheme = match["scheme"].lower()
    port = int(authority["port"]) if authority["port"] else _PORTS[scheme]
    if not 0 < port < 65536:
        return UrlFault("must have a port from 1 to 65535")
    return Url(scheme, host, port, target if target.startswith("/") else f"/{target}")


def _host(written: str) -> str | None:
    """An IP address in its one form, or a name that no resolver takes for a number (``0x7f.1``, ``2130706433``)."""
    if written.startswith("["):
        ipv6 = _ip(written[1:-1])
        return str(ipv6) if isinstance(ipv6, IPv6Address) else None
    name = written.removesuffix(".")
    ipv4 = _ip(name)
    if isinstance(ipv4, IPv4Address):
        return str(ipv4)
    last = name.rpartition(".")[2]
    looks_like_a_number = last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None
    return name if _NAME.fullmatch(name) and not looks_like_a_number else None


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
