"""What DNS answered to a question.

Five answers are kept apart, because they mean different things for a delivery: the records; none of this type; no such domain;
a null MX (*we take no mail*, RFC 7505); and no answer that can be used (SERVFAIL, time-out, nonsense), which says nothing about
the domain.
"""

from enum import StrEnum

import msgspec


class DnsAnswerKind(StrEnum):
    """What came of a look-up."""

    FOUND = "found"
    NONE = "none"
    NO_SUCH_DOMAIN = "no_such_domain"
    NULL_MX = "null_mx"
    ERROR = "error"


class MxAnswer(msgspec.Struct, frozen=True):
    """The mail hosts of a domain.

    ``hosts``: preference and name (without the last dot), lowest first; only where the kind is FOUND. ``text``: why there are
    none.
    """

    kind: DnsAnswerKind
    hosts: tuple[tuple[int, str], ...] = ()
    text: str = ""


class AddressAnswer(msgspec.Struct, frozen=True):
    """The addresses of a host.

    ``addresses``: IPv4 first, because a receiver forgives an IPv4 address more (no PTR, no reputation).
    ``text``: why there are none.
    """

    kind: DnsAnswerKind
    addresses: tuple[str, ...] = ()
    text: str = ""


class PublishedRecords(msgspec.Struct, frozen=True):
    """The records of a type under ``name``, as text; ``error``: why they are not known, else ''."""

    name: str
    type: str
    values: tuple[str, ...] = ()
    error: str = ""
