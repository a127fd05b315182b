"""A mail in the built-in inbox."""

from datetime import datetime
from uuid import UUID

import msgspec


class NewInboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to store; ``data``: the whole message as it would have been on the wire."""

    id: UUID
    tenant: int
    environment: int
    message: UUID
    position: int
    recipient: str
    type: str
    data: bytes


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A stored mail."""

    id: UUID
    message: UUID
    position: int
    recipient: str
    type: str
    received_at: datetime
    data: bytes


class InboxFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which mails; ``recipient`` is the wire form. ``before``: older than this id. ``limit``: at most so many."""

    recipient: str | None = None
    type: str | None = None
    since: datetime | None = None
    before: UUID | None = None
    limit: int = 50
