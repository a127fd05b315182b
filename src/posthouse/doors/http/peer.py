"""Who asks? The address of the client, and whether it is a person or program on this machine.

``doors.http.protocol`` has found the client by then, behind proxies that the operator named. A proxy that nobody named can
still stand between: its forwarding headers say so, whatever they hold.
"""

from typing import Final

from starlette.requests import Request

from posthouse.model.loopback import is_loopback_address

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def address_of(request: Request) -> str:
    """The client's IP address; '' where the server does not know it."""
    return request.client.host if request.client is not None else ""


def is_on_this_machine(request: Request) -> bool:
    """Whether the peer is loopback, and no proxy header says that the client is elsewhere."""
    return is_loopback_address(address_of(request)) and not any(name in request.headers for name in _FORWARDED)
