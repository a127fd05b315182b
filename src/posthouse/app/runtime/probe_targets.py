"""The routes of the settings as probes look at them: for ``doctor`` and for ``/readyz``."""

from posthouse.app.runtime.network import nameserver_of
from posthouse.config import Settings
from posthouse.ops.doctor_network import ProbeTargets, RouteProbe


def probe_targets(settings: Settings, domain: str | None) -> ProbeTargets:
    """``domain``: one whose mail servers may be asked for a greeting, None: none is asked."""
    return ProbeTargets(
        routes=tuple(
            RouteProbe(
                name=route.name, kind=route.kind, host=route.host, port=route.port, tls=route.tls, password=bool(route.password)
            )
            for route in settings.routes
        ),
        hostname=settings.hostname,
        nameserver=nameserver_of(settings),
        mx_port=settings.mx_port,
        domain=domain,
    )
