"""What can each kind of route carry? A literal table, and what of a message a kind would lose.

A route takes a message either as bytes (``raw_mime``), which carry everything, or as fields (``model.letter.Letter``), of which a
vendor may not know all. A message that a route cannot carry faithfully must not take that route (``route.candidates``).

To add a kind: its row in ``CARRIES``.

Must never know: hosts, credentials, whether a route works at the moment.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec


class RouteCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of route carries.

    ``raw_mime``: it takes the bytes and forwards them unchanged. ``message_id``: our Message-ID arrives. ``signature``: our DKIM
    signature still verifies at the receiver. ``fields``: the names of the fields of a ``Letter`` that it takes.
    """

    raw_mime: bool
    message_id: bool
    signature: bool
    fields: frozenset[str] = frozenset()


_BYTES: Final = RouteCapabilities(raw_mime=True, message_id=True, signature=True)

CARRIES: Final[Mapping[str, RouteCapabilities]] = {
    "mx": _BYTES,
    "smtp": _BYTES,
    "smtps": _BYTES,
    "inbox": _BYTES,
}


def takes_fields(kind: str) -> bool:
    """True for a kind that takes the fields of a message instead of its bytes."""
    return kind in CARRIES and not CARRIES[kind].raw_mime


def missing(kind: str, needs: Collection[str]) -> tuple[str, ...]:
    """Those of the needs that a kind of route does not carry, in their order; an unknown kind carries nothing.

    ``needs``: ``raw_mime``, ``message_id``, ``signature``, or names of fields of a ``Letter``.
    """
    carries = CARRIES.get(kind)
    return tuple(need for need in needs if carries is None or not _carries(carries, need))


def _carries(carries: RouteCapabilities, need: str) -> bool:
    if need in ("raw_mime", "message_id", "signature"):
        return bool(getattr(carries, need))
    return carries.raw_mime or need in carries.fields
