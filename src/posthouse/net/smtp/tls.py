"""How is a session encrypted, and what of a host that cannot? (RFC 3207, RFC 7435, RFC 8314.)

Opportunistic encryption checks no certificate: it is better than none, and a receiver's certificate may be its
own. Required encryption checks chain and name, or it would be encrypted to anybody. Never below TLS 1.2.

Known sharp edges: the authorities are the machine's (``SSL_CERT_FILE`` moves them) unless a file is given;
the memory of hosts that failed is this process' own.
"""

import ssl
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

FORGET_AFTER_SECONDS: Final = 1800.0
SHUTDOWN_SECONDS: Final = 1.0
_MOST_HOSTS: Final = 4096


@lru_cache(16)
def checking(authorities: Path | None = None) -> ssl.SSLContext:
    """For required encryption: chain and name are checked, against ``authorities`` (PEM) beside the machine's."""
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def unchecked() -> ssl.SSLContext:
    """For opportunistic encryption: any certificate will do."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def describe_session(connection: ssl.SSLObject | ssl.SSLSocket | None) -> str:
    """Version and cipher (``TLSv1.3 TLS_AES_256_GCM_SHA384``), as attempts record them; empty in clear."""
    if connection is None or (cipher := connection.cipher()) is None:
        return ""
    return f"{connection.version()} {cipher[0]}"


def describe_error(error: Exception) -> str:
    """What failed in the network or the handshake, for a diagnosis."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or str(error) or type(error).__name__


class PlainHosts:
    """Hosts whose handshake failed a short while ago: opportunistic sessions do not try TLS with them again."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def remember(self, host: str, now: float) -> None:
        """``now``: monotonic seconds."""
        self._until.pop(host, None)
        while len(self._until) >= _MOST_HOSTS:
            del self._until[next(iter(self._until))]
        self._until[host] = now + FORGET_AFTER_SECONDS

    def is_plain(self, host: str, now: float) -> bool:
        """Whether to talk to it in clear."""
        return self._until.get(host, 0.0) > now
