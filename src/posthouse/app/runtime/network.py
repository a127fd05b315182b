"""How this process reaches others: the nameserver of the settings, and the one HTTP client."""

from typing import Final

from posthouse.config import Settings
from posthouse.model.clock import Clock
from posthouse.net.dns import Resolver
from posthouse.net.http.client import HttpClient

# An HTTP request as a whole has some seconds, so a look-up for it has fewer than one for a delivery, which can wait.
_LOOKUP_SECONDS: Final = 3.0
_LOOKUP_LIFETIME_SECONDS: Final = 5.0


def nameserver_of(settings: Settings) -> tuple[str, int] | None:
    """IP address and port of POSTHOUSE_DNS; None: the system's resolver."""
    return (settings.dns.host, settings.dns.port) if settings.dns else None


def http_client(settings: Settings, clock: Clock) -> HttpClient:
    """The client for all requests to other HTTP servers, with the operator's nameserver and rule on private networks."""
    resolver = Resolver(nameserver_of(settings), clock, timeout=_LOOKUP_SECONDS, lifetime=_LOOKUP_LIFETIME_SECONDS)
    return HttpClient(resolver, clock, allow_private=settings.allow_private_networks)
