"""How much one request may ask for: the contract's limits, which the operator may set otherwise (``POSTHOUSE_LIMIT_…``).

Bytes are counted on the wire, lengths in Unicode characters; a megabyte is 2**20 bytes. They are read once, when a process
starts: every listener, intake and the OpenAPI document use the same value.
"""

from datetime import timedelta
from typing import Final

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The defaults are the contract's.

    ``message_bytes``: encoded, as it will be on the wire; ``recipients``: of to, cc and bcc together.
    """

    message_bytes: int = 25 << 20
    html_bytes: int = 1 << 20
    recipients: int = 50
    attachments: int = 20
    batch_items: int = 500
    batch_bytes: int = 50 << 20
    headers: int = 50
    header_bytes: int = 2048
    tags: int = 10
    metadata_keys: int = 20
    dedupe_key_length: int = 256
    send_at_days: int = 90

    @property
    def send_ahead(self) -> timedelta:
        """How far ahead ``sendAt`` may be."""
        return timedelta(days=self.send_at_days)

    @property
    def batch_key_length(self) -> int:
        """How long a batch's key may be: each item's is ``<key>#<index>``."""
        return self.dedupe_key_length - len(f"#{self.batch_items - 1}")


CONTRACT: Final = Limits()


def size(count: int) -> str:
    """``25 MB``, ``512 KB``, ``100 bytes``."""
    for unit, bytes_ in (("MB", 1 << 20), ("KB", 1 << 10)):
        if count >= bytes_ and count % bytes_ == 0:
            return f"{count // bytes_} {unit}"
    return f"{count:,} bytes"
