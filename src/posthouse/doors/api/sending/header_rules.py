"""Which of a caller's header fields are fields of the message in disguise.

Subject and Reply-To are read as ``subject`` and ``replyTo``, so that neither can stand twice on the wire (RFC 5322
3.6). Which others may stand, and in which form, is policy's (``policy.accept.request_rules``).
"""

from typing import Final

import msgspec


class OwnHeaders(msgspec.Struct, frozen=True):
    """The caller's own fields, with the two that have a place elsewhere taken out."""

    rest: dict[str, str]
    subject: str | None = None
    reply_to: str | None = None


_NONE: Final = OwnHeaders({})


def own_headers(given: dict[str, str | None] | None) -> OwnHeaders:
    """The fields a caller brought; what is null counts as absent."""
    if not given:
        return _NONE
    rest = {name: value for name, value in given.items() if value is not None}
    places = {name.lower(): name for name in rest}
    subject, reply_to = places.get("subject"), places.get("reply-to")
    return OwnHeaders(rest, subject and rest.pop(subject), reply_to and rest.pop(reply_to))
