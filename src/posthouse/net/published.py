"""What DNS says under a name: TXT, MX and CNAME records as they are, asked once and bounded; nothing is cached or judged."""

from datetime import timedelta
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver
import msgspec


class PublishedRecords(msgspec.Struct, frozen=True):
    """``values``: the records of ``name``; ``trouble``: why nothing is known, '' where it is."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    trouble: str = ""


async def look_up(name: str, type: str, nameserver: tuple[str, int] | None, patience: timedelta) -> PublishedRecords:
    """The records of a name; ``type`` is TXT (RFC 1035 3.3.14: its strings joined), MX or CNAME. A name that does not exist has none."""
    try:
        answer = await _resolver(nameserver).resolve(name, type, lifetime=patience.total_seconds(), search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return PublishedRecords(name, type)
    except (dns.exception.DNSException, OSError) as error:
        return PublishedRecords(name, type, trouble=_words(error))
    return PublishedRecords(name, type, tuple(_value(record) for record in answer))


def _resolver(nameserver: tuple[str, int] | None) -> dns.asyncresolver.Resolver:
    if nameserver is None:
        return dns.asyncresolver.Resolver()
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [nameserver[0]], nameserver[1]
    return resolver


def _value(record: Any) -> str:
    strings = getattr(record, "strings", None)
    return str(record.to_text()) if strings is None else b"".join(strings).decode("utf-8", "replace")


def _words(error: BaseException) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "no answer in time"
    return str(error) or type(error).__name__
