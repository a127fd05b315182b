"""The rows that are written for a message when it is accepted."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery to one recipient. ``flags`` None: it is not queued but suppressed, for ``reason``, by the entry ``suppression``.

    ``content``: ``commercial`` where the content policy flagged it.
    """

    position: int
    recipient: str
    role: int
    site: str
    flags: int | None
    reason: str | None
    event_id: UUID
    suppression: str | None = None
    content: str | None = None


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is written for one message.

    ``reply``: the reply to its caller, given again to duplicates. ``parent``: the built-in type behind a tenant's own.
    ``subject``, ``sealed`` (the content) and ``variables`` are sealed with the key ``key_id``.
    """

    tenant: int
    environment: int
    id: UUID
    type: str
    stream: str
    keep: int
    header_from: str
    header_domain: str
    created_at: datetime
    occurred_at: datetime | None
    send_at: datetime | None
    deliver_by: datetime | None
    expires_at: datetime
    dedupe_key: str | None
    fingerprint: bytes
    dedupe_until: datetime
    supersedes: str | None
    template: str | None
    template_version: int | None
    locale: str | None
    tags: tuple[str, ...]
    metadata: dict[str, str] | None
    tracking: int
    credential: str
    door: str
    reply: Any
    key_id: int
    subject: bytes
    sealed: bytes
    variables: bytes | None
    lane: int
    flow: int
    deadline: datetime
    due: datetime | None
    since: datetime
    deliveries: tuple[DeliveryRow, ...]
    parent: str | None = None


class StoredKeyHolder(msgspec.Struct, frozen=True):
    """The message that holds a dedupe key, its fingerprint and reply, and whether the key is free again (D4)."""

    message: UUID
    fingerprint: bytes
    expires_at: datetime
    reply: Any
    freed: bool
