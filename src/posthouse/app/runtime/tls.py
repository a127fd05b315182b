"""The certificate that SMTP submission shows: the operator's, or our own authority's for loopback."""

import ssl
from datetime import datetime

from posthouse.config import Settings, UnusableSettings
from posthouse.net import authority


def server_context(settings: Settings, now: datetime) -> ssl.SSLContext:
    """TLS 1.2 or newer. Errors: Unusable, where the operator's files cannot be used."""
    try:
        if settings.tls_cert is not None:
            return authority.server_context(settings.tls_cert, settings.tls_key)
        return authority.server_context(authority.server_file(settings.data_dir, settings.hostname, now))
    except (OSError, ssl.SSLError) as error:
        message = f"POSTHOUSE_TLS_CERT and POSTHOUSE_TLS_KEY cannot be used: {error}"
        raise UnusableSettings(message) from None
