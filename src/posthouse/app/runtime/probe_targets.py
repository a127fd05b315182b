"""The ways out that the settings name, as probes look at them: for ``doctor`` and for ``/readyz``."""

from posthouse.config import Settings
from posthouse.ops.doctor_network import ProbeTargets, RouteProbe


def probe_targets(settings: Settings, domain: str | None) -> ProbeTargets:
    """``domain``: one whose mail servers may be asked for a greeting, None: nobody is asked."""
    return ProbeTargets(
        ways=tuple(
            RouteProbe(
                name=route.name, kind=route.kind, host=route.host, port=route.port, tls=route.tls, password=bool(route.password)
            )
            for route in settings.routes
        ),
        hostname=settings.hostname,
        nameserver=(settings.dns.host, settings.dns.port) if settings.dns else None,
        mx_port=settings.mx_port,
        domain=domain,
    )
