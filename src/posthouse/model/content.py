"""Content and parcel: what is said, and what is handed to a transport."""

from datetime import datetime
from typing import Protocol

import msgspec

from posthouse.model.keys import DeliveryKey


class Attachment(msgspec.Struct, frozen=True):
    """A file as the caller gave it, decoded."""

    filename: str
    content: bytes
    content_type: str
    content_id: str = ""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, made once at intake: header fields and body, CRLF only, 7 bit, lines within 998.

    ``head``: complete header fields, each ending in CRLF, in order, without Date, Message-ID (unless the
    caller brought one), Feedback-ID and signatures. ``body``: everything after the empty line.
    ``body_digest``: SHA-256 of the body under DKIM *relaxed* canonicalization, so signing never reads it again.
    ``message_id``: the caller's own, else ''. ``header_from``: the author's address, where a route wants it as return path.
    ``dated``: the head has a Date of its own, that of somebody's letter which is passed on.
    """

    head: bytes
    body: bytes
    body_digest: bytes
    message_id: str = ""
    header_from: str = ""
    dated: bool = False


class Gate(Protocol):
    """Asked once, just before the body leaves: may this delivery go now? Opening it leaves the mark."""

    def open(self) -> bool:
        """True, and the mark is made: from here on the delivery may have left."""
        ...


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Envelope and bytes; ``number`` counts the attempts. ``data`` is the whole message, CRLF, not dot-stuffed, ending in CRLF."""

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
