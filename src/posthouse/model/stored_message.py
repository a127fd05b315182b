"""A message as it is stored: content, recipients, and what sending it again needs."""

from datetime import datetime
from uuid import UUID

import msgspec


class SealedContent(msgspec.Struct, frozen=True):
    """Encrypted content as stored; ``store.seal.Sealer`` opens it, bound to the message's id."""

    key_id: int
    sealed: bytes


class StoredRecipient(msgspec.Struct, frozen=True):
    """A delivery and its present state (the word behind ``message.``)."""

    position: int
    recipient: str
    role: int
    state: str


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it was accepted, with its sealed content (None: no longer kept)."""

    id: UUID
    type: str
    stream: str
    keep: int
    header_from: str
    template: str | None
    template_version: int | None
    locale: str | None
    tags: list[str]
    metadata: dict[str, str] | None
    tracking: int
    key_id: int | None
    subject: bytes | None
    sealed: bytes | None
    variables: bytes | None


class RequeuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery goes back into the queue."""

    position: int
    lane: int
    flow: int
    deadline: datetime
    expires_at: datetime
    site: str
    header_domain: str
    flags: int
    size: int
    parent: str | None


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; what is None does not matter. ``since`` and ``until`` are inclusive; ``before``: older than this id."""

    type: str | None = None
    stream: str | None = None
    status: str | None = None
    recipient: str | None = None
    tag: str | None = None
    dedupe_key: str | None = None
    template: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    limit: int = 50


class RawDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What the first attempt fixed, None before it; the rest is of the last attempt that sent bytes.

    ``keyset`` None: not signed. ``digest``: SHA-256 of the bytes.
    """

    position: int
    recipient: str
    first_attempt_at: datetime | None
    keyset: int | None
    route: str | None
    digest: bytes | None


class RawFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a message's exact bytes are rebuilt from. ``sealed`` None: no longer kept."""

    tenant: int
    environment: int
    message: UUID
    header_from: str
    key_id: int | None
    sealed: bytes | None
    deliveries: tuple[RawDelivery, ...]

    @property
    def header_domain(self) -> str:
        """The domain of the header from."""
        return self.header_from.rpartition("@")[2]
