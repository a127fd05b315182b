"""The ways out that the settings name, as probes look at them: for ``doctor`` and for ``/readyz``."""

from posthouse.config import Settings
from posthouse.ops.doctor_network import Outside, Way


def outside_of(settings: Settings, domain: str | None) -> Outside:
    """``domain``: one whose mail servers may be asked for a greeting, None: nobody is asked."""
    return Outside(
        ways=tuple(
            Way(name=route.name, kind=route.kind, host=route.host, port=route.port, tls=route.tls, password=bool(route.password))
            for route in settings.routes
        ),
        hostname=settings.hostname,
        nameserver=(settings.dns.host, settings.dns.port) if settings.dns else None,
        mx_port=settings.mx_port,
        domain=domain,
    )
