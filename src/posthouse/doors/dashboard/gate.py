"""Who may see the operator's pages? A browser on this machine, and no other client that only appears to be one.

Three conditions: the peer is loopback, the Host names this machine or our public address (else a foreign page could reach us by
rebinding its own name, and the browser would count it as the same origin), and no proxy header says that the client is elsewhere.

Known sharp edges: the peer is only as true as the server's own notion of it; run uvicorn without proxy headers.
A proxy on this machine that adds no forwarding header and keeps the Host looks like a person on this machine.
"""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from posthouse.doors.http.peer import is_on_this_machine

_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def may_see(request: Request, public_url: str | None) -> bool:
    """Whether the request comes from this machine itself, for this machine."""
    return is_on_this_machine(request) and _names_us(request.headers.getlist("host"), public_url)


def _names_us(hosts: list[str], public_url: str | None) -> bool:
    if len(hosts) != 1:
        return False
    named = _host_of(f"//{hosts[0]}")
    return named is not None and (named in _NAMES or (public_url is not None and named == _host_of(public_url)))


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
