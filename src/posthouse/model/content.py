"""Content and parcel: the bytes of a message, and what is handed to a transport."""

from datetime import datetime
from typing import Protocol

import msgspec

from posthouse.model.keys import DeliveryKey
from posthouse.model.letter import Letter


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, built once at intake: header fields and body, CRLF only, 7 bit, lines within 998.

    ``head``: complete header fields, each ending in CRLF, in order, without Date, Message-ID (unless the
    caller brought one), Feedback-ID and signatures. ``body``: everything after the empty line.
    ``body_digest``: SHA-256 of the body under DKIM *relaxed* canonicalization, so signing never reads it again.
    ``message_id``: the caller's own, else ''. ``header_from``: the address in From, for routes whose return path it is.
    ``dated``: the head has a Date of its own, that of a reply which is forwarded.
    """

    head: bytes
    body: bytes
    body_digest: bytes
    message_id: str = ""
    header_from: str = ""
    dated: bool = False


class Gate(Protocol):
    """Opened once, just before the body leaves: may this delivery go now? Opening it writes the mark."""

    def open(self) -> bool:
        """True, and the mark is written: from here on the delivery may have left."""
        ...


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Envelope and content; ``number`` counts the attempts.

    ``data`` is the whole message, CRLF, not dot-stuffed, ending in CRLF. ``letter``: the fields it was made from, for a route
    that takes fields; None for one that takes bytes.
    """

    return_path: str
    recipient: str
    domain: str
    data: bytes
    expires_at: datetime
    gate: Gate
    tls_required: bool = False
    smtputf8: bool = False
    delivery: DeliveryKey | None = None
    type: str = ""
    number: int = 1
    letter: Letter | None = None
