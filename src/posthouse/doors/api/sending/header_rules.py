"""Header fields of a caller that are fields of the message itself: Subject and Reply-To.

They are read as ``subject`` and ``replyTo``, so that neither can be on the wire twice (RFC 5322 3.6). Which others are allowed,
and in which form, is decided in ``policy.accept.request_rules``.
"""

from typing import Final

import msgspec


class CallerHeaders(msgspec.Struct, frozen=True):
    """The caller's header fields, without Subject and Reply-To."""

    rest: dict[str, str]
    subject: str | None = None
    reply_to: str | None = None


_NONE: Final = CallerHeaders({})


def split_headers(fields: dict[str, str | None] | None) -> CallerHeaders:
    """The caller's fields; what is null counts as absent."""
    if not fields:
        return _NONE
    rest = {name: value for name, value in fields.items() if value is not None}
    spelled = {name.lower(): name for name in rest}
    subject, reply_to = spelled.get("subject"), spelled.get("reply-to")
    return CallerHeaders(rest, subject and rest.pop(subject), reply_to and rest.pop(reply_to))
